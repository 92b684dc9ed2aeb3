"""A pretrained RetinaNet (Lin et al. 2017, arXiv:1708.02002) goes on: its last convolutions on its stored towers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.ops import sigmoid_focal_loss

from headstart.core.detector import Detector
from headstart.core.maps import Map
from headstart.tasks._map_head import MapHead
from headstart.tasks.finding.anchored import BETWEEN, Asked, Read, owners_between
from headstart.tasks.finding.finder import Claims, PretrainedFinder
from headstart.tasks.finding.kept_rows import teach
from headstart.tasks.finding.rows import rows_of
from headstart.tasks.finding.surest import surest

SCALE = (1.0, 1.0, 1.0, 1.0)
BACKGROUND_BELOW, FOUND_FROM = 0.4, 0.5
"""Overlap of an anchor and a box below which it is background, and from which on it is to find it."""

PRIOR = 0.01
"""How likely an anchor holds a class before anything is learnt."""


class RetinaNetHead(MapHead):
    """Maps of the two towers → raw outputs (N, A, C + 8).

    Parameters
    ----------
    detector : with ``sizes`` in pixels and ``ratios`` of the anchors of each level.
    """

    def __init__(self, detector: Detector, labels: Sequence[str], frame: tuple[int, int]) -> None:
        super().__init__(detector.maps)
        self.levels, self.columns, self.frame = len(self.maps) // 2, len(labels), frame
        sizes, ratios = (tuple(map(tuple, detector.settings[key])) for key in ("sizes", "ratios"))
        self.anchors = AnchorGenerator(sizes, ratios)
        count = self.anchors.num_anchors_per_location()[0]
        self.classify = last_convolution(self.maps[0].channels, count * len(labels), PRIOR)
        self.regress = last_convolution(self.maps[-1].channels, count * 4)
        teach(self, detector, labels)

    def forward(self, maps: dict[str, Tensor]) -> Tensor:
        given = [maps[each.name] for each in self.maps]
        towers, others = given[: self.levels], given[self.levels :]
        logits = torch.cat([rows_of(self.classify(one), self.columns) for one in towers], dim=1)
        steps = torch.cat([rows_of(self.regress(one), 4) for one in others], dim=1)
        anchors = placed_anchors(self.anchors, towers, self.frame)
        return torch.cat([logits, steps, anchors.expand(logits.shape[0], -1, -1)], dim=2)


def last_convolution(channels: int, outputs: int, prior: float = 0.5) -> nn.Conv2d:
    """3 by 3, with small weights; its outputs begin at the log odds of `prior`."""
    layer = nn.Conv2d(channels, outputs, 3, padding=1)
    nn.init.normal_(layer.weight, std=0.01)
    nn.init.constant_(layer.bias, math.log(prior / (1 - prior)))  # type: ignore[arg-type]
    return layer


def placed_anchors(generator: AnchorGenerator, maps: Sequence[Tensor], frame: tuple[int, int]) -> Tensor:
    """(A, 4) the anchors of all places of `maps`, edges as shares of the frame (width, height)."""
    grids = [list(one.shape[2:]) for one in maps]
    strides = [[torch.tensor(frame[1] // high), torch.tensor(frame[0] // wide)] for high, wide in grids]
    generator.set_cell_anchors(torch.float32, torch.device("cpu"))
    size = torch.tensor(frame).repeat(2)
    return (torch.cat(generator.grid_anchors(grids, strides)) / size).to(maps[0].device)


class RetinaNetFinder(PretrainedFinder):
    """Focal loss of the classes and L1 of the steps, each by the anchors of its picture that find something."""

    def head(self, offered: Sequence[Map]) -> MapHead:
        return RetinaNetHead(self.detector, self.labels, self.frame)

    def loss(self, outputs: Tensor, encoded: Tensor, weights: Tensor | None, smoothing: float) -> Tensor:
        read = Read(outputs, self.frame, SCALE)
        boxes = encoded.to(outputs.device)
        each = torch.stack([_loss_of_one(read, row, own, smoothing) for row, own in enumerate(boxes)])
        return (each if weights is None else each * weights).mean()

    def kept(self, outputs: Tensor) -> Tensor:
        read = Read(outputs.float(), self.frame, SCALE)
        return surest(read.logits.sigmoid(), read.edges(), read.size)

    def claims(self, outputs: Tensor, label: int) -> Claims:
        read = Read(outputs, self.frame, SCALE)
        logits = read.logits[..., label]
        return Claims(logits, logits.sigmoid(), read.edges() / read.size.repeat(2))


def _loss_of_one(read: Read, row: int, boxes: Tensor, smoothing: float) -> Tensor:
    asked = Asked(boxes, read.anchors, read.size)
    owner = owners_between(read.anchors, asked.corners, BACKGROUND_BELOW, FOUND_FROM)
    rows = (owner >= 0).nonzero()[:, 0]
    target = torch.zeros_like(read.logits[row])
    target[rows, asked.labels[owner[rows]]] = 1 - smoothing
    heeded = (owner >= 0) | ((owner != BETWEEN) & ~asked.spared)
    classes = sigmoid_focal_loss(read.logits[row][heeded], target[heeded], reduction="sum")
    steps = (read.steps[row][rows] - read.wanted(rows, asked.corners[owner[rows]])).abs().sum()
    return (classes + steps) / max(len(rows), 1)
