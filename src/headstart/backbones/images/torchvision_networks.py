"""Builds torchvision classifiers by name: as published, or as miniatures for tests."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import nn

from headstart.backbones.images.torchvision_models import models
from headstart.backbones.images.torchvision_verbs import with_verbs

_VGG16 = [16, 16, "M", 16, 16, "M", 24, 24, 24, "M", 32, 32, 32, "M", 32, 32, 32, "M"]


def arguments_of(architecture: str, size: int) -> dict[str, Any]:
    """Arguments that fit published weights for pictures of `size`: no second classifier, the input as in training.

    Inception and GoogLeNet were trained on other statistics than the rest; torchvision rescales inside them
    (``transform_input``) whenever it loads their weights, so it belongs to the architecture here.
    """
    network = typing.get_type_hints(models.get_model_builder(architecture)).get("return")
    accepted = inspect.signature(network).parameters if network else {}
    wanted = {"aux_logits": False, "transform_input": True, "init_weights": False, "image_size": size}
    return {name: value for name, value in wanted.items() if name in accepted}


def build(architecture: str, arguments: Mapping[str, Any]) -> nn.Module:
    """The classifier with random weights."""
    network: nn.Module = models.get_model(architecture, weights=None, **arguments)
    if isinstance(network, models.MNASNet):
        network.__class__ = _Mnasnet
    return with_verbs(network)


class _Mnasnet(models.MNASNet):
    """Takes weights that do not say which version of torchvision wrote them, as those in safetensors never do.

    They are today's: the one earlier version has other shapes, or means the same.
    """

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, local_metadata: dict[str, Any], *others: Any
    ) -> None:
        known = {"version": self._version, **local_metadata}
        super()._load_from_state_dict(state_dict, prefix, known, *others)


def _vgg() -> nn.Module:
    with torch.device("meta"):  # its first linear layer holds 100 million weights, replaced below
        network = models.VGG(nn.Identity(), init_weights=False)
    network.features = models.vgg.make_layers(_VGG16)  # type: ignore[arg-type]
    network.classifier[0] = nn.Linear(32 * 7 * 7, 64)
    network.classifier[3] = nn.Linear(64, 64)
    network.classifier[6] = nn.Linear(64, 10)
    return network


def _efficientnet() -> nn.Module:
    block = models.efficientnet.MBConvConfig
    rows = [block(1, 3, 1, 16, 8, 1), block(6, 3, 2, 8, 16, 2), block(6, 5, 2, 16, 24, 2), block(6, 3, 2, 24, 32, 3)]
    return models.EfficientNet(rows, dropout=0.2, last_channel=64)


def _convnext() -> nn.Module:
    setting = models.convnext.CNBlockConfig
    rows = [setting(16, 24, 1), setting(24, 32, 1), setting(32, 48, 2), setting(48, None, 1)]
    return models.ConvNeXt(rows, num_classes=10)


# factory of the narrow, shallow network and the input size; some are cheap enough as published
_MINIATURES: dict[str, tuple[Callable[[], nn.Module], int]] = {
    "vgg16": (_vgg, 64),
    "resnet50": (partial(models.ResNet, models.resnet.Bottleneck, [1, 1, 1, 1]), 64),
    "inception_v3": (partial(models.inception_v3, weights=None, aux_logits=False, init_weights=False), 96),
    "mobilenet_v2": (partial(models.mobilenet_v2, weights=None, width_mult=0.25), 64),
    "efficientnet_b0": (_efficientnet, 64),
    "densenet121": (partial(models.DenseNet, 8, (2, 2, 2, 2), 16), 64),
    "convnext_tiny": (_convnext, 64),
    "vit_b_16": (partial(models.VisionTransformer, 64, 16, 4, 2, 32, 64), 64),
    "swin_t": (partial(models.SwinTransformer, [4, 4], 16, [2, 2, 2, 2], [1, 2, 2, 4], [4, 4]), 64),
    "squeezenet1_1": (partial(models.squeezenet1_1, weights=None), 64),
}


def miniature(name: str) -> tuple[nn.Module, int]:
    """A small network of the same architecture, and the side of its input in pixels."""
    make, size = _MINIATURES[name]
    return with_verbs(make()), size


def miniatures() -> list[str]:
    """Names that :func:`miniature` knows."""
    return list(_MINIATURES)
