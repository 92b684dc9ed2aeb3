"""Layers that look into boxes and give each a mask: new ones on the maps of a network, or those of a Mask R-CNN."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads
from torchvision.ops import MultiScaleRoIAlign, roi_align

from headstart.core.detector import MASKS, OF_MASKS, Detector
from headstart.core.maps import Map
from headstart.tasks.finding.kept_rows import hold_normalisation

STRIDES = (4, 8, 16, 32)
CHANNELS, CONVOLUTIONS = 64, 4
POOLED, SAMPLES = 14, 2
"""Places along each side of a box that is looked into, and samples of each of them; masks have twice as many."""


class NewMasks(nn.Module):
    """Maps of a few strides, merged from coarse to fine, and boxes on them → logits of masks (k, 28, 28).

    A mask is of whatever the box holds, of no class: Mask R-CNN with such masks is nearly as good (He et al. 2017,
    arXiv:1703.06870, section 4.2).

    Parameters
    ----------
    maps : those that it reads, from fine to coarse.
    """

    def __init__(self, maps: Sequence[Map]) -> None:
        super().__init__()
        self.maps = tuple(maps)
        self.sides = nn.ModuleList(nn.Conv2d(each.channels, CHANNELS, 1) for each in maps)
        self.look = MaskRCNNHeads(CHANNELS, (CHANNELS,) * CONVOLUTIONS, 1)
        self.finer = nn.ConvTranspose2d(CHANNELS, CHANNELS, 2, 2)
        self.predict = nn.Conv2d(CHANNELS, 1, 1)

    def forward(self, maps: Mapping[str, Tensor], boxes: list[Tensor], frame: tuple[int, int]) -> Tensor:
        """Boxes are (k_n, 4) in pixels of the `frame`, of each of N pictures."""
        own = [side(maps[each.name]) for each, side in zip(self.maps, self.sides, strict=True)]
        merged = own[-1]
        for finer in reversed(own[:-1]):
            merged = finer + nn.functional.interpolate(merged, size=finer.shape[2:])
        # a network that takes one size of picture may show a frame of other proportions
        places = merged.new_tensor([size / side for size, side in zip(merged.shape[:1:-1], frame, strict=True)] * 2)
        seen = roi_align(merged, [each * places for each in boxes], POOLED, 1.0, SAMPLES, aligned=True)
        return self.predict(self.finer(self.look(seen)).relu())[:, 0]


class TaughtMasks(nn.Module):
    """The mask layers of a pretrained Mask R-CNN on the levels of its pyramid.

    Its predictor has a mask for each class; those of the classes that it knows by name go on as one, their mean, and
    that of all classes where it knows none.

    Parameters
    ----------
    detector : with ``masks`` among its settings, and weights called ``masks.…``, as a model of such holds them.
    """

    def __init__(self, detector: Detector, labels: Sequence[str]) -> None:
        super().__init__()
        made: Mapping[str, Any] = detector.settings[OF_MASKS]
        levels = [each for each in detector.maps if each.name.rpartition("_")[2] in made["levels"]]
        self.maps = tuple(levels[: len(made["levels"])])
        self.pool = MultiScaleRoIAlign([each.name for each in self.maps], made["pooled"], made["samples"])
        norm = nn.BatchNorm2d if made["normalised"] else None
        channels = made["channels"]
        self.look = MaskRCNNHeads(self.maps[0].channels, channels, 1, norm_layer=norm)
        self.finer = nn.ConvTranspose2d(channels[-1], made["finer"], 2, 2)
        self.predict = nn.Conv2d(made["finer"], 1, 1)
        if detector.weights is not None:
            self.load_state_dict(_of_all_classes(detector, labels))

    def train(self, mode: bool = True) -> TaughtMasks:
        """Normalisation keeps the statistics of its pretraining."""
        super().train(mode)
        hold_normalisation(self)
        return self

    def forward(self, maps: Mapping[str, Tensor], boxes: list[Tensor], frame: tuple[int, int]) -> Tensor:
        """As :meth:`NewMasks.forward`."""
        shapes = [(frame[1], frame[0])] * len(boxes)
        seen = self.pool({each.name: maps[each.name] for each in self.maps}, boxes, shapes)
        return self.predict(self.finer(self.look(seen)).relu())[:, 0]


def _of_all_classes(detector: Detector, labels: Sequence[str]) -> dict[str, Tensor]:
    """The weights with one mask in the place of one for each class."""
    weights = masks_of(detector)
    known = [row for row in detector.rows(labels) if row is not None]
    for name in ("predict.weight", "predict.bias"):
        of_classes = weights[name]
        if len(of_classes) > 1:
            rows = known or list(range(detector.first, len(of_classes)))
            weights[name] = of_classes[rows].mean(dim=0, keepdim=True)
    return weights


def masks_of(detector: Detector) -> dict[str, Tensor]:
    """Of the weights those of the mask layers, by their names there."""
    return {name.removeprefix(MASKS): one for name, one in (detector.weights or {}).items() if name.startswith(MASKS)}


def branch_on(detector: Detector | None, labels: Sequence[str], maps: Sequence[Map]) -> NewMasks | TaughtMasks:
    """The mask layers of a pretrained Mask R-CNN, or those that a finished model has learnt here; else new ones.

    Parameters
    ----------
    maps : those that new layers may read: the first of each stride is.
    """
    if detector is not None and OF_MASKS in detector.settings:
        return TaughtMasks(detector, labels)
    first = {each.stride: each for each in reversed(maps) if each.stride in STRIDES} or {
        each.stride: each for each in maps if each.stride
    }
    made = NewMasks([first[stride] for stride in sorted(first)])
    if detector is not None and (weights := masks_of(detector)):
        made.load_state_dict(weights)
    return made
