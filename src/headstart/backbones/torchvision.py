"""torchvision: image classifiers of every family, from PyTorch's download server or a folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.backbones._card import Card
from headstart.backbones._source import Source
from headstart.backbones.folders.detector_names import DETECTORS
from headstart.backbones.folders.folder import read_config
from headstart.backbones.folders.hub import torch_cache
from headstart.backbones.folders.prior import estimated, of_weights
from headstart.backbones.folders.segmenter_kinds import TORCHVISION
from headstart.backbones.images.torchvision_weights import choose_weights, download, with_weights
from headstart.core.errors import HeadstartError, UsageError, nearest

if TYPE_CHECKING:
    from headstart.backbones.images.backbone import ImageBackbone

# name, weights, the name of its default weights: what suits a laptop; all BSD-3 and pretrained on ImageNet-1k
_LISTED = (
    ("convnext_tiny", 28_589_128, "IMAGENET1K_V1"),
    ("swin_t", 28_288_354, "IMAGENET1K_V1"),
    ("resnet50", 25_557_032, "IMAGENET1K_V2"),
    ("efficientnet_b0", 5_288_548, "IMAGENET1K_V1"),
    ("vit_b_16", 86_567_656, "IMAGENET1K_V1"),
    ("densenet121", 7_978_856, "IMAGENET1K_V1"),
    ("mobilenet_v2", 3_504_872, "IMAGENET1K_V2"),
    ("inception_v3", 27_161_264, "IMAGENET1K_V1"),
    ("squeezenet1_1", 1_235_496, "IMAGENET1K_V1"),
    ("vgg16", 138_357_544, "IMAGENET1K_V1"),
)
_AUXILIARY = ("AuxLogits", "aux1", "aux2")


class Torchvision(Source):
    """Names are torchvision's, with or without the weights' name: ``resnet50``, ``resnet50.IMAGENET1K_V1``."""

    fetched_from = "https://download.pytorch.org"

    def cards(self) -> list[Card]:
        return [self._card(*listed) for listed in _LISTED]

    def _card(self, name: str, weights: int, tag: str) -> Card:
        files = sorted(torch_cache().glob(f"{name}-*.pth"))
        prior = of_weights("torchvision", name, tag) or estimated(name, weights)
        return Card(
            f"{self.prefix}/{name}", "image", "bsd-3-clause", weights,
            files[0].stat().st_size if files else 4 * weights, "ImageNet-1k", bool(files), prior.rank,
            str(files[0]) if files else "", published=prior.published,
        )  # fmt: skip

    def has(self, name: str) -> bool:
        return name.split(".")[0] in _architectures()

    def load(self, name: str, pretrained: bool = True) -> ImageBackbone:
        architecture, _, tag = name.partition(".")
        if not self.has(name):
            raise UsageError(
                f"torchvision has no image classifier {architecture!r}.{nearest(architecture, _architectures())}"
            )
        card = Card(f"{self.prefix}/{name}", "image", "bsd-3-clause", pretraining="none: random weights")
        if not pretrained:
            return self._make(architecture, {}, {}, card)
        weights = choose_weights(architecture, tag)
        card = with_weights(card, weights, "ImageNet-1k")
        backbone = self._make(architecture, {}, _pretrained_cfg(weights), card)
        _fill(backbone, download(weights.url, card.name), card.name)
        return backbone

    def reads(self, folder: Path, config: Mapping[str, Any]) -> str | None:
        others = (None, *TORCHVISION, *DETECTORS)
        own = config.get("library") == "torchvision" and config.get("architecture") not in others
        return "image" if own else None

    def load_folder(self, folder: Path, card: Card, pretrained: bool = True) -> ImageBackbone:
        from headstart.backbones.folders.folder import WEIGHTS
        from headstart.backbones.folders.weights import read_linear, read_weights

        config = read_config(folder)
        architecture = config["architecture"]
        if not self.has(architecture):
            raise HeadstartError(
                f"{folder}: torchvision has no image classifier {architecture!r}."
                f"{nearest(architecture, _architectures())}"
            )
        backbone = self._make(
            architecture,
            config.get("model_args") or {},
            config.get("pretrained_cfg") or {},
            card,
            config.get("last_stage"),
        )
        if pretrained:
            _fill(backbone, read_weights(folder / WEIGHTS), str(folder))
        if pretrained and not config.get("last_stage"):
            path = backbone.describe()["classifier"]
            backbone.read_classifier = partial(read_linear, folder / WEIGHTS, path, backbone.feature_size)
        return backbone

    def _make(
        self,
        architecture: str,
        arguments: Mapping[str, Any],
        cfg: Mapping[str, Any],
        card: Card,
        last_stage: str | None = None,
    ) -> ImageBackbone:
        from headstart.backbones.images import torchvision_networks as networks
        from headstart.backbones.images.preprocess import ImagePreprocess

        preprocess = ImagePreprocess.from_pretrained_cfg({"interpolation": "bilinear", **cfg})
        arguments = {**networks.arguments_of(architecture, preprocess.size), **arguments}
        description = {"architecture": architecture, "arguments": arguments, "last_stage": last_stage}
        return self._wrap(networks.build(architecture, arguments), description, preprocess, card)

    def _wrap(self, network: Any, description: dict[str, Any], preprocess: Any, card: Card) -> ImageBackbone:
        from headstart.backbones.images.cut_network import remove_classifier
        from headstart.backbones.images.rebuild import backbone_type, cut_after, input_shape

        classifier, seen = remove_classifier(network.eval(), input_shape(preprocess))
        last_stage = description.get("last_stage")
        cut_after(network, last_stage, preprocess)
        description = {"source": Path(__file__).stem, **description, "classifier": classifier}
        made = backbone_type(network)
        return made(network, card, preprocess, description, seen=None if last_stage else seen)

    def rebuild(self, description: Mapping[str, Any], assets: Path | None) -> ImageBackbone:
        from headstart.backbones.images.rebuild import framed_as_described

        miniature = description.get("miniature")
        return framed_as_described(self.tiny(miniature) if miniature else self._described(description), description)

    def _described(self, description: Mapping[str, Any]) -> ImageBackbone:
        """As it was before it was framed."""
        from headstart.backbones.images import torchvision_networks as networks
        from headstart.backbones.images.preprocess import ImagePreprocess
        from headstart.backbones.images.rebuild import described_card

        network = networks.build(description["architecture"], description["arguments"])
        plain = {key: description[key] for key in ("architecture", "arguments", "last_stage")}
        preprocess = ImagePreprocess.from_description(description["preprocess"])
        return self._wrap(network, plain, preprocess, described_card(description))

    def folder_config(self, description: Mapping[str, Any]) -> dict[str, Any]:
        from headstart.backbones.images.rebuild import written_config

        return {"library": "torchvision", **written_config(description, description["arguments"])}

    def tiny(self, name: str) -> ImageBackbone:
        from headstart.backbones.images.preprocess import ImagePreprocess
        from headstart.backbones.images.torchvision_networks import miniature

        network, size = miniature(name)
        preprocess = ImagePreprocess.from_pretrained_cfg({"input_size": (3, size, size), "interpolation": "bilinear"})
        card = Card(f"{self.prefix}/{name}", "image", pretraining="none: a miniature")
        return self._wrap(network, {"miniature": name}, preprocess, card)

    def families(self) -> list[str]:
        from headstart.backbones.images.torchvision_networks import miniatures

        return miniatures()


def _architectures() -> list[str]:
    from headstart.backbones.images.torchvision_models import models

    return models.list_models(module=models)


def _pretrained_cfg(weights: Any) -> dict[str, Any]:
    """The preprocessing of torchvision's `weights` in timm's keys."""
    transform = weights.transforms()
    crop, resize = transform.crop_size[0], transform.resize_size[0]
    return {
        "input_size": (3, crop, crop),
        "crop_pct": crop / resize,
        "mean": tuple(transform.mean),
        "std": tuple(transform.std),
        "interpolation": transform.interpolation.value,
    }


def _fill(backbone: ImageBackbone, state: Mapping[str, Any], where: str) -> None:
    from headstart.backbones.folders.weights import load_strictly

    state = {_name_today(name): tensor for name, tensor in state.items()}
    load_strictly(backbone.network, state, (backbone.describe()["classifier"], *_AUXILIARY), where)


def _name_today(name: str) -> str:
    """What torchvision now calls a weight of its published DenseNets and vision transformers."""
    name = re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)", r"\1\2", name)
    return name.replace(".mlp.linear_1.", ".mlp.0.").replace(".mlp.linear_2.", ".mlp.3.")
