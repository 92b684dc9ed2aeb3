"""torchvision's segmenters, pretrained on masks, from PyTorch's download server or a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.backbones._card import Card
from headstart.backbones._source import Source
from headstart.backbones.folders.folder import WEIGHTS, read_config
from headstart.backbones.folders.hub import torch_cache
from headstart.backbones.folders.prior import of_masks
from headstart.backbones.folders.segmenter_kinds import TORCHVISION, VOC_CLASSES
from headstart.backbones.images.torchvision_weights import choose_weights, download, with_weights
from headstart.core.errors import UsageError, nearest

if TYPE_CHECKING:
    from headstart.backbones.images.backbone import ImageBackbone

_PIXELS = {"input_size": (3, 520, 520), "crop_pct": 1.0, "interpolation": "bilinear"}
_FAMILIES = ("deeplabv3_mobilenet_v3_large", "fcn_resnet50", "lraspp_mobilenet_v3_large")
_MASKS = f"COCO, masks of {VOC_CLASSES} classes"


class TorchvisionSegmenters(Source):
    """Names are torchvision's: ``deeplabv3_resnet50``, ``deeplabv3_resnet50.COCO_WITH_VOC_LABELS_V1``.

    A folder's ``config.json`` holds ``library`` ("torchvision"), ``architecture``, and where they are not those of
    the published weights ``num_classes`` and ``pretrained_cfg``, the pixels in timm's keys.
    """

    fetched_from = "https://download.pytorch.org"

    def cards(self) -> list[Card]:
        return [self._card(name, weights) for name, weights in TORCHVISION.items()]

    def _card(self, name: str, weights: int) -> Card:
        files = sorted(torch_cache().glob(f"{name}_coco-*.pth")) or sorted(torch_cache().glob(f"{name}-*.pth"))
        return Card(
            f"{self.prefix}/{name}", "image", "bsd-3-clause", weights,
            files[0].stat().st_size if files else 4 * weights, _MASKS, bool(files), of_masks(name, weights).rank,
            str(files[0]) if files else "",
        )  # fmt: skip

    def has(self, name: str) -> bool:
        return name.split(".")[0] in TORCHVISION

    def load(self, name: str, pretrained: bool = True) -> ImageBackbone:
        architecture, _, tag = name.partition(".")
        if not self.has(name):
            raise UsageError(f"torchvision has no segmenter {architecture!r}.{nearest(architecture, TORCHVISION)}")
        full = f"{self.prefix}/{name}"
        if not pretrained:
            return self._make(architecture, {}, Card(full, "image", pretraining="none: random weights"))
        weights = choose_weights(architecture, tag)
        card = with_weights(Card(full, "image", "bsd-3-clause"), weights, _MASKS)
        backbone = self._make(architecture, {}, card)
        _fill(backbone, download(weights.url, full), full)
        return backbone

    def reads(self, folder: Path, config: Mapping[str, Any]) -> str | None:
        own = config.get("library") == "torchvision" and config.get("architecture") in TORCHVISION
        return "image" if own else None

    def load_folder(self, folder: Path, card: Card, pretrained: bool = True) -> ImageBackbone:
        from headstart.backbones.folders.weights import read_weights

        config = read_config(folder)
        arguments = {
            k: v for k, v in (config.get("model_args") or {}).items() if k not in ("num_classes", "aux_loss")
        }
        backbone = self._make(config["architecture"], arguments, card, config.get("pretrained_cfg") or {})
        if pretrained:
            _fill(backbone, read_weights(folder / WEIGHTS), str(folder))
        return backbone

    def _make(
        self, architecture: str, arguments: Mapping[str, Any], card: Card, cfg: Mapping[str, Any] | None = None
    ) -> ImageBackbone:
        from headstart.backbones.images.preprocess import ImagePreprocess
        from headstart.backbones.segmenters.torchvision import build

        preprocess = ImagePreprocess.from_pretrained_cfg({**_PIXELS, **(cfg or {})})
        description = {"architecture": architecture, "arguments": dict(arguments)}
        return self._wrap(build(architecture, arguments), description, preprocess, card)

    def _wrap(self, trunk: Any, description: Mapping[str, Any], preprocess: Any, card: Card) -> ImageBackbone:
        from headstart.backbones._use_order import look
        from headstart.backbones.images.backbone import ImageBackbone
        from headstart.backbones.segmenters.torchvision import LOOKED_AT

        seen = look(trunk.eval(), preprocess.channels, LOOKED_AT, LOOKED_AT)
        return ImageBackbone(trunk, card, preprocess, {"source": Path(__file__).stem, **description}, seen=seen)

    def rebuild(self, description: Mapping[str, Any], assets: Path | None) -> ImageBackbone:
        from headstart.backbones.images.preprocess import ImagePreprocess
        from headstart.backbones.images.rebuild import described_card
        from headstart.backbones.segmenters.torchvision import build

        plain = {key: description[key] for key in ("architecture", "arguments")}
        preprocess = ImagePreprocess.from_description(description["preprocess"])
        return self._wrap(build(**plain), plain, preprocess, described_card(description))

    def tiny(self, name: str) -> ImageBackbone:
        from headstart.backbones.segmenters.torchvision import MINIATURE

        card = Card(f"{self.prefix}/{name}", "image", pretraining="none: a miniature")
        return self._make(name, {MINIATURE: True}, card, {"input_size": (3, 64, 64)})

    def families(self) -> list[str]:
        return list(_FAMILIES)


def _fill(backbone: ImageBackbone, state: Mapping[str, Any], where: str) -> None:
    from headstart.backbones.folders.weights import load_strictly
    from headstart.backbones.segmenters.trunk import SegmenterTrunk

    trunk = backbone.network
    load_strictly(trunk, state, trunk.left_out if isinstance(trunk, SegmenterTrunk) else (), where)
