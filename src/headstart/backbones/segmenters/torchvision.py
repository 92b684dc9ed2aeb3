"""The trunks of torchvision's segmenters: as published, or as miniatures for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from headstart.backbones.images.torchvision_models import models
from headstart.backbones.segmenters.trunk import SegmenterTrunk

MINIATURE = "miniature"
"""An argument that is not torchvision's: a small network of the same family, which tests need."""

LOOKED_AT = 64
"""Pixels of the picture that tells in which order a trunk uses its weights: its layers take any size, and a pass of
one as large as those of pretraining takes seconds."""


class OnBackbone(SegmenterTrunk):
    """On the layers of the `whole` segmenter's backbone, one after the other."""

    def __init__(self, whole: Any) -> None:
        super().__init__()
        self.backbone = nn.ModuleDict(whole.backbone.items())

    def hidden(self, pixels: Tensor) -> Tensor:
        """What the last of them gives."""
        for layer in self.backbone.values():
            pixels = layer(pixels)
        return pixels


class DilatedTrunk(OnBackbone):
    """DeepLabV3 (Chen et al. 2017, arXiv:1706.05587) and FCN (Long et al. 2015, arXiv:1411.4038)."""

    left_out = ("classifier.4", "aux_classifier")

    def __init__(self, whole: Any) -> None:
        super().__init__(whole)
        *layers, _ = whole.classifier
        if isinstance(layers[-1], nn.Dropout):  # it goes with the predictor
            layers.pop()
        self.classifier = nn.Sequential(*layers)

    def last_map(self, pixels: Tensor) -> Tensor:
        found: Tensor = self.classifier(self.hidden(pixels))
        return found


class LrasppTrunk(OnBackbone):
    """LR-ASPP on MobileNetV3 (Howard et al. 2019, arXiv:1905.02244); one of its two predictors reads the last map."""

    left_out = ("classifier.low_classifier", "classifier.high_classifier")

    def __init__(self, whole: Any) -> None:
        super().__init__(whole)
        self.classifier = nn.ModuleDict({"cbr": whole.classifier.cbr, "scale": whole.classifier.scale})
        self.weighed = nn.Identity()

    def last_map(self, pixels: Tensor) -> Tensor:
        hidden = self.hidden(pixels)
        found: Tensor = self.weighed(self.classifier["cbr"](hidden) * self.classifier["scale"](hidden))
        return found


def trunk_of(whole: nn.Module) -> SegmenterTrunk:
    """The trunk of a whole segmenter."""
    return LrasppTrunk(whole) if isinstance(whole, models.segmentation.LRASPP) else DilatedTrunk(whole)


def build(architecture: str, arguments: Mapping[str, Any]) -> SegmenterTrunk:
    """The trunk of :func:`whole`."""
    return trunk_of(whole(architecture, arguments))


def whole(architecture: str, arguments: Mapping[str, Any]) -> nn.Module:
    """The segmenter with random weights; `arguments` go to torchvision, or are those of a miniature."""
    if MINIATURE in arguments:
        return _small(architecture, **{name: value for name, value in arguments.items() if name != MINIATURE})
    made: nn.Module = models.get_model(architecture, weights=None, weights_backbone=None, **arguments)
    return made


def _small(architecture: str, num_classes: int = 3) -> nn.Module:
    """A whole segmenter of this architecture on a small backbone."""
    segmentation = models.segmentation

    def deeplab() -> nn.Module:
        features = models.mobilenet_v3_small(width_mult=0.5, dilated=True, reduced_tail=True).features
        head = segmentation.deeplabv3.DeepLabHead(features[-1].out_channels, num_classes)
        return segmentation.DeepLabV3(_until(features, str(len(features) - 1)), head)

    def fcn() -> nn.Module:
        resnet = models.ResNet(models.resnet.BasicBlock, [1, 1, 1, 1])
        return segmentation.FCN(_until(resnet, "layer4"), segmentation.fcn.FCNHead(512, num_classes))

    def lraspp() -> nn.Module:
        features = models.mobilenet_v3_small(width_mult=0.5, dilated=True, reduced_tail=True).features
        last, channels = str(len(features) - 1), features[-1].out_channels
        return segmentation.LRASPP(_until(features, last), 8, channels, num_classes)

    return {"deeplabv3": deeplab, "fcn": fcn, "lraspp": lraspp}[architecture.split("_")[0]]()


def _until(features: nn.Module, last: str) -> nn.Module:
    return models._utils.IntermediateLayerGetter(features, {last: "out"})
