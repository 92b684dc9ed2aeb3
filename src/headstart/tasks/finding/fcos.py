"""An anchor-free detector on a small pyramid of maps, made of torchvision's parts (FCOS, Tian et al. 2019).

arXiv:1904.01355. Every place of every map says for each class whether a box of it lies here, how far its four edges
are, and how central the place is in it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torchvision.models.detection.fcos import FCOSClassificationHead, FCOSRegressionHead
from torchvision.ops import (
    FeaturePyramidNetwork,
    generalized_box_iou_loss,
    sigmoid_focal_loss,
)

from headstart.core.maps import Map
from headstart.tasks._map_head import MapHead
from headstart.tasks.finding.finder import Claims, Finder, by_finders
from headstart.tasks.finding.surest import surest
from headstart.tasks.shapes.box_encoding import CROWD, DIFFICULT, LABEL

CHANNELS, CONVOLUTIONS = 64, 2
START = 3.0
"""Strides from a place to each edge before anything is learnt: no distance starts where its gradient is nought."""

RADIUS = 1.5
"""Strides around the middle of a box within which a place is to find it (FCOS' centre sampling)."""

EXTRA = 8
"""Columns of the raw outputs behind the classes: distances to the edges in strides, centrality, the place itself as
shares of the picture, and its stride in pixels."""


class FcosHead(MapHead):
    """Maps of a few strides → raw outputs (N, P, C + 8), P places of all maps, fine to coarse.

    Parameters
    ----------
    classes : C.
    """

    def __init__(self, maps: Sequence[Map], classes: int) -> None:
        super().__init__(maps)
        self.pyramid = FeaturePyramidNetwork([each.channels for each in maps], CHANNELS)
        self.classify = FCOSClassificationHead(CHANNELS, 1, classes, CONVOLUTIONS)
        self.regress = FCOSRegressionHead(CHANNELS, 1, CONVOLUTIONS)
        nn.init.constant_(self.regress.bbox_reg.bias, START)

    def forward(self, maps: dict[str, Tensor]) -> Tensor:
        levels = self.pyramid(OrderedDict((each.name, maps[each.name]) for each in self.maps))
        features = list(levels.values())
        distances, central = self.regress(features)
        places = torch.cat([_places(level, each.stride) for level, each in zip(features, self.maps, strict=True)])
        return torch.cat(
            [self.classify(features), distances, central, places.expand(distances.shape[0], -1, -1)], dim=2
        )


class FcosReading(Finder):
    """Teaches and reads what the anchor-free heads give, a new one and a pretrained one."""

    def loss(self, outputs: Tensor, encoded: Tensor, weights: Tensor | None, smoothing: float) -> Tensor:
        return loss(outputs, encoded, self.frame, weights, smoothing)

    def kept(self, outputs: Tensor) -> Tensor:
        return kept(outputs, self.frame)

    def claims(self, outputs: Tensor, label: int) -> Claims:
        return claims(outputs, self.frame, label)


def _places(level: Tensor, stride: int) -> Tensor:
    """(h · w, 3): the middle of each place of a map (N, C, h, w), as shares, and the stride; row by row."""
    height, width = level.shape[2:]
    y, x = torch.meshgrid(
        (torch.arange(height, device=level.device) + 0.5) / height,
        (torch.arange(width, device=level.device) + 0.5) / width,
        indexing="ij",
    )
    return torch.stack([x, y, torch.full_like(x, stride)], dim=2).reshape(-1, 3)


class Read:
    """Raw outputs (N, P, C + 8) by what they say; edges and places in pixels of the frame (width, height).

    ``logits`` (N, P, C), ``central`` (N, P), ``places`` (P, 2), ``strides`` (P,), ``edges`` (N, P, 4).
    """

    def __init__(self, outputs: Tensor, frame: tuple[int, int]) -> None:
        self.logits, rest = outputs[..., :-EXTRA], outputs[..., -EXTRA:]
        self.size = outputs.new_tensor(frame)
        self.central = rest[..., 4]
        self.places, self.strides = rest[0, :, 5:7] * self.size, rest[0, :, 7]
        away = rest[..., :4] * self.strides[:, None]
        self.edges = torch.cat([self.places - away[..., :2], self.places + away[..., 2:]], dim=2)

    def scores(self) -> Tensor:
        """(N, P, C): √(class · centrality)."""
        return (self.logits.sigmoid() * self.central.sigmoid()[..., None]).sqrt()


def loss(
    outputs: Tensor, encoded: Tensor, frame: tuple[int, int], weights: Tensor | None = None, smoothing: float = 0.0
) -> Tensor:
    """Focal loss of the classes, 1 - GIoU of the edges and cross-entropy of the centrality, by the places with a box.

    See :func:`headstart.tasks.finding.finder.by_finders`.
    """
    read = Read(outputs, frame)
    boxes = enumerate(encoded.to(outputs.device))
    return by_finders((_loss_of_one(read, row, own, smoothing) for row, own in boxes), weights)


def _loss_of_one(read: Read, row: int, boxes: Tensor, smoothing: float) -> tuple[Tensor, int]:
    """The summed loss of one picture, and how many places have a box."""
    boxes = boxes[boxes[:, LABEL] >= 0]
    spared = (boxes[:, CROWD] > 0) | (boxes[:, DIFFICULT] > 0)
    corners = boxes[:, :4] * read.size.repeat(2)
    asked, labels = corners[~spared], boxes[~spared, LABEL].long()
    owner = owners(read.places, read.strides, asked)
    positive = owner >= 0
    target = torch.zeros_like(read.logits[row])
    target[positive, labels[owner[positive]]] = 1 - smoothing
    heeded = positive | ~_inside(read.places, corners[spared]).any(dim=1)
    total = sigmoid_focal_loss(read.logits[row][heeded], target[heeded], reduction="sum")
    if positive.any():
        own = asked[owner[positive]]
        middle = centrality(read.places[positive], own)
        overlap = generalized_box_iou_loss(read.edges[row][positive], own)
        # As the authors do: edges seen from the middle of a box count most.
        total = total + (overlap * middle).sum() / middle.mean().clamp(min=1e-6)
        central = read.central[row][positive]
        total = total + nn.functional.binary_cross_entropy_with_logits(central, middle, reduction="sum")
    return total, int(positive.sum())


def owners(places: Tensor, strides: Tensor, boxes: Tensor) -> Tensor:
    """(P,) the box (M, 4) that each place is to find, -1 for none; of several the smallest.

    A place finds boxes that hold it near their middle, whose farthest edge is 4 to 8 strides away; the finest map has
    all that are nearer, the coarsest all that are farther.
    """
    if not len(boxes):
        return torch.full((len(places),), -1, dtype=torch.long, device=places.device)
    away = torch.cat([places[:, None] - boxes[None, :, :2], boxes[None, :, 2:] - places[:, None]], dim=2)
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    near = (places[:, None] - middle[None]).abs().amax(dim=2) < RADIUS * strides[:, None]
    farthest = away.amax(dim=2)
    low = torch.where(strides == strides.min(), 0.0, 4 * strides)[:, None]
    high = torch.where(strides == strides.max(), float("inf"), 8 * strides)[:, None]
    takes = (away.amin(dim=2) > 0) & near & (farthest >= low) & (farthest < high)
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    least, owner = torch.where(takes, area[None], float("inf")).min(dim=1)
    return torch.where(least.isfinite(), owner, -1)


def centrality(places: Tensor, boxes: Tensor) -> Tensor:
    """(n,) √(min(l, r) / max(l, r) · min(t, b) / max(t, b)), 1 in the middle of a box and 0 at its edge."""
    away = torch.cat([places - boxes[:, :2], boxes[:, 2:] - places], dim=1)
    across, along = away[:, [0, 2]], away[:, [1, 3]]
    return (across.amin(1) / across.amax(1) * along.amin(1) / along.amax(1)).clamp(min=0.0).sqrt()


def _inside(places: Tensor, boxes: Tensor) -> Tensor:
    """(P, m) whether a place lies in a box."""
    return ((places[:, None] > boxes[None, :, :2]) & (places[:, None] < boxes[None, :, 2:])).all(dim=2)


def claims(outputs: Tensor, frame: tuple[int, int], label: int) -> Claims:
    """What every place says of the class at the place `label`."""
    read = Read(outputs, frame)
    return Claims(read.logits[..., label], read.scores()[..., label], read.edges / read.size.repeat(2))


@torch.no_grad()
def kept(outputs: Tensor, frame: tuple[int, int]) -> Tensor:
    """(N, K, 6) the surest boxes of each picture: edges as shares, score, class; -1 where there is none."""
    read = Read(outputs.float(), frame)
    return surest(read.scores(), read.edges, read.size)
