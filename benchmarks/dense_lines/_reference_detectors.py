"""torchvision's detectors as the plain recipe starts them, with the weights that headstart starts from."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence

import torch
from torch import nn
from torchvision.models.detection import FCOS
from torchvision.models.detection.anchor_utils import DefaultBoxGenerator
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.ssd import SSD, SSDHead
from torchvision.ops.feature_pyramid_network import LastLevelP6P7

from headstart.backbones.base import Backbone
from headstart.core.detector import Detector
from headstart.tasks.base import Task

LEAST_SCORE, MOST = 0.02, 100
"""Boxes less sure are left out, and so many of a picture are kept, as headstart does."""

STRIDES = (8, 16, 32)
CHANNELS = 64
"""Of the pyramid, as many as headstart's new head has: with torchvision's 256 a step takes three times as long."""


class GivenBoxes(DefaultBoxGenerator):
    """Default boxes that no ratios and scales make: `pairs` (width, height) of each map, as shares of the picture."""

    def __init__(self, pairs: Sequence[Sequence[Sequence[float]]], steps: Sequence[int] | None) -> None:
        super().__init__([[] for _ in pairs], steps=None if steps is None else list(steps), clip=False)
        self._wh_pairs = [torch.tensor(each) for each in pairs]

    def num_anchors_per_location(self) -> list[int]:
        return [len(each) for each in self._wh_pairs]


def pretrained_ssd(backbone: Backbone, task: Task) -> SSD:
    """torchvision's SSD on the trunk of `backbone`, its boxes pretrained, and a new class predictor of torchvision's.

    Raises
    ------
    ValueError : `backbone` is no pretrained SSD.
    """
    detector = backbone.detector
    if detector is None or detector.family != "ssd" or detector.frame is None or detector.weights is None:
        raise ValueError(f"{backbone.card.name} is no pretrained SSD")
    channels, classes = [each.channels for each in detector.maps], len(task.labels)
    boxes = GivenBoxes(detector.settings["pairs"], detector.settings["steps"])
    counts = boxes.num_anchors_per_location()
    head = SSDHead(channels, counts, classes + 1)
    head.regression_head.module_list = _taught(detector, "regress", [4 * count for count in counts])
    width, height = detector.frame
    return SSD(
        backbone.network.body, boxes, (height, width), classes + 1, list(backbone.preprocess.mean),
        list(backbone.preprocess.std), head, score_thresh=LEAST_SCORE, detections_per_img=MOST,
    )  # fmt: skip


def _taught(detector: Detector, name: str, outputs: Sequence[int]) -> nn.ModuleList:
    """The pretrained predictors of all maps that are called `name`."""
    kernel, lead = detector.settings["kernel"], f"{name}."
    made = nn.ModuleList(
        nn.Conv2d(each.channels, count, kernel, padding=kernel // 2)
        for each, count in zip(detector.maps, outputs, strict=True)
    )
    own = {key.removeprefix(lead): value for key, value in (detector.weights or {}).items() if key.startswith(lead)}
    made.load_state_dict(own)
    return made


def new_fcos(backbone: Backbone, task: Task) -> FCOS:
    """torchvision's FCOS on a feature pyramid over the trunk of `backbone`, whose normalisation is frozen.

    Pictures keep their form within the frame of `task`.

    Raises
    ------
    ValueError : the task has no frame.
    """
    if task.frame is None:
        raise ValueError(f"{task.name} has no frame for pictures")
    rows = _in_a_row(backbone.network)
    read = [each for each in backbone.offered_maps() if each.stride in STRIDES]
    layers = {_layer(rows, each.name): str(number) for number, each in enumerate(read)}
    extra = LastLevelP6P7(CHANNELS, CHANNELS)
    pyramid = BackboneWithFPN(nn.Sequential(rows), layers, [each.channels for each in read], CHANNELS, extra)
    _freeze_normalisation(pyramid.body)
    mean, std = list(backbone.preprocess.mean), list(backbone.preprocess.std)
    return FCOS(
        pyramid, len(task.labels) + 1, min(task.frame), max(task.frame), mean, std, score_thresh=LEAST_SCORE,
        detections_per_img=MOST,
    )  # fmt: skip


def _in_a_row(network: nn.Module) -> OrderedDict[str, nn.Module]:
    """The layers of `network` by name, those of its sequences one by one."""
    found: OrderedDict[str, nn.Module] = OrderedDict()
    for name, child in network.named_children():
        parts = child.named_children() if isinstance(child, nn.Sequential) else [("", child)]
        found.update((f"{name}_{part}".rstrip("_"), layer) for part, layer in parts)
    return found


def _layer(rows: Mapping[str, nn.Module], place: str) -> str:
    """The layer that gives the map at `place`, a path in the network: the last within it, or the one around it."""
    path = f"{place.replace('.', '_')}_"
    return [name for name in rows if path.startswith(f"{name}_") or f"{name}_".startswith(path)][-1]


def _freeze_normalisation(body: nn.Module) -> None:
    """As torchvision does under a pyramid: statistics, scales and shifts stay (see :func:`learning`)."""
    for module in body.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.requires_grad_(False)


def learning(model: nn.Module) -> nn.Module:
    """`model` in training mode, but for normalisation that is frozen."""
    model.train()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d) and not module.weight.requires_grad:
            module.eval()
    return model
