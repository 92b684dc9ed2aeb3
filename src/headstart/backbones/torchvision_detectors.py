"""torchvision's detectors, pretrained to find boxes, from PyTorch's download server or a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.backbones._card import Card
from headstart.backbones._source import Source
from headstart.backbones.folders.detector_names import DETECTORS, LISTED, OWN
from headstart.backbones.folders.folder import WEIGHTS, read_config
from headstart.backbones.folders.hub import torch_cache
from headstart.backbones.folders.prior import for_boxes
from headstart.backbones.images.torchvision_weights import choose_weights, download, with_weights
from headstart.core.errors import UsageError, nearest

if TYPE_CHECKING:
    from headstart.backbones.detectors.backbone import DetectorBackbone

_ON_PYRAMIDS = (
    "retinanet_resnet50_fpn",
    "fcos_resnet50_fpn",
    "fasterrcnn_resnet50_fpn",
    "fasterrcnn_resnet50_fpn_v2",
    "maskrcnn_resnet50_fpn",
)

COLUMNS = 91
"""Of the class predictor of a detector that was pretrained on COCO."""


class TorchvisionDetectors(Source):
    """Names are torchvision's, with or without the weights' name: ``ssd300_vgg16``, ``ssd300_vgg16.COCO_V1``.

    A folder's ``config.json`` holds ``library`` ("torchvision"), ``architecture``, and where they are not COCO's
    ``num_classes``, the background among them, and their names, ``labels``; ``model_args`` goes to torchvision, and
    ``weights`` names those that it published, some of which were trained on another normalisation than it makes.
    """

    fetched_from = "https://download.pytorch.org"

    def cards(self) -> list[Card]:
        return [self._card(*listed) for listed in LISTED]

    def _card(self, name: str, weights: int, box_map: float) -> Card:
        files = sorted(torch_cache().glob(f"{name}_coco-*.pth"))
        return Card(
            f"{self.prefix}/{name}", "image", "bsd-3-clause", weights,
            files[0].stat().st_size if files else 4 * weights, f"COCO, boxes: mAP {box_map}", bool(files),
            for_boxes(weights).rank, str(files[0]) if files else "", boxes=True,
        )  # fmt: skip

    def has(self, name: str) -> bool:
        return name.split(".")[0] in DETECTORS[1:]

    def load(self, name: str, pretrained: bool = True) -> DetectorBackbone:
        from headstart.backbones.detectors import torchvision as networks

        architecture, _, tag = name.partition(".")
        if not self.has(name):
            raise UsageError(
                f"torchvision has no detector {architecture!r} that is read here."
                f"{nearest(architecture, DETECTORS[1:])} There are: {', '.join(DETECTORS[1:])}."
            )
        card = Card(f"{self.prefix}/{name}", "image", "bsd-3-clause", pretraining="none: random weights", boxes=True)
        weights = choose_weights(architecture, tag) if pretrained else None
        arguments = networks.published_arguments(architecture, weights.name) if weights else {}
        model = networks.build(architecture, COLUMNS, arguments)
        if weights is not None:
            card = with_weights(card, weights, "COCO, boxes")
            networks.fill(model, download(weights.url, card.name), card.name)
        description = self._described(architecture, COLUMNS, arguments)
        return networks.wrap(model, card, description, COLUMNS, taught=pretrained)

    def reads(self, folder: Path, config: Mapping[str, Any]) -> str | None:
        own = config.get("library") == "torchvision" and config.get("architecture") in DETECTORS
        return "image" if own else None

    def load_folder(self, folder: Path, card: Card, pretrained: bool = True) -> DetectorBackbone:
        from headstart.backbones.detectors import torchvision as networks
        from headstart.backbones.folders.weights import read_weights

        config = read_config(folder)
        architecture = config["architecture"]
        arguments = networks.published_arguments(architecture, config.get("weights"))
        arguments |= config.get("model_args") or {}
        columns = int(config.get("num_classes") or COLUMNS)
        model = networks.build(architecture, columns, arguments, str(folder))
        if pretrained:
            networks.fill(model, read_weights(folder / WEIGHTS), str(folder))
        description = self._described(architecture, columns, arguments)
        return networks.wrap(model, card, description, columns, config.get("labels"), pretrained)

    def _described(self, architecture: str, columns: int, arguments: Mapping[str, Any]) -> dict[str, Any]:
        source = {"source": Path(__file__).stem, "architecture": architecture}
        return {**source, "columns": columns, "arguments": dict(arguments)}

    def rebuild(self, description: Mapping[str, Any], assets: Path | None) -> DetectorBackbone:
        from headstart.backbones.detectors import torchvision as networks
        from headstart.backbones.images.preprocess import ImagePreprocess
        from headstart.backbones.images.rebuild import described_card

        architecture, columns = description["architecture"], description["columns"]
        model = networks.build(architecture, columns, description["arguments"])
        plain = self._described(architecture, columns, description["arguments"])
        backbone = networks.wrap(model, described_card(description), plain, columns, taught=False)
        backbone.preprocess = ImagePreprocess.from_description(description["preprocess"])
        return backbone

    def tiny(self, name: str) -> DetectorBackbone:
        from headstart.backbones.detectors import torchvision as networks

        arguments = {"miniature": True}
        model = networks.build(name, COLUMNS, arguments)
        card = Card(f"{self.prefix}/{name}", "image", pretraining="none: a miniature", boxes=True)
        return networks.wrap(model, card, self._described(name, COLUMNS, arguments), COLUMNS)

    def families(self) -> list[str]:
        return [OWN, "ssdlite320_mobilenet_v3_large", *_ON_PYRAMIDS]
