"""Raw outputs of heads with anchors: which anchor is to find which box, and boxes as steps away from anchors.

Of Faster R-CNN (Ren et al. 2015, arXiv:1506.01497), as SSD and RetinaNet have them.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torchvision.ops import box_iou

from headstart.tasks.shapes.box_encoding import CROWD, DIFFICULT, LABEL

EXTRA = 8
"""Columns of the raw outputs behind the classes: steps (x, y, log width, log height), and the edges of the anchor as
shares of the picture."""

LARGEST = math.log(1000 / 16)
"""Of a step in size: what grows more is no box."""

HALF_IN = 0.5
"""Share of an anchor within a crowd or a difficult box from which on it is neither right nor wrong."""


class Read:
    """Raw outputs (N, A, C + 8) by what they say, in pixels of the frame (width, height).

    ``logits`` (N, A, C), ``steps`` (N, A, 4), ``anchors`` (A, 4) edges.
    """

    def __init__(self, outputs: Tensor, frame: tuple[int, int], scale: tuple[float, ...]) -> None:
        self.logits, self.steps = outputs[..., :-EXTRA], outputs[..., -EXTRA : 4 - EXTRA]
        self.size = outputs.new_tensor(frame)
        self.anchors = outputs[0, :, 4 - EXTRA :] * self.size.repeat(2)
        self.scale = outputs.new_tensor(scale)

    def edges(self) -> Tensor:
        """(N, A, 4) the edges of the boxes."""
        middle, side = _middle_and_side(self.anchors)
        steps = self.steps / self.scale
        middle = middle + steps[..., :2] * side
        half = side * steps[..., 2:].clamp(max=LARGEST).exp() / 2
        return torch.cat([middle - half, middle + half], dim=-1)

    def wanted(self, rows: Tensor, boxes: Tensor) -> Tensor:
        """(n, 4) the steps from the anchors at `rows` (n,) to `boxes` (n, 4)."""
        middle, side = _middle_and_side(self.anchors[rows])
        to_middle, to_side = _middle_and_side(boxes)
        return torch.cat([(to_middle - middle) / side, (to_side / side).log()], dim=1) * self.scale


def _middle_and_side(edges: Tensor) -> tuple[Tensor, Tensor]:
    return (edges[..., :2] + edges[..., 2:]) / 2, edges[..., 2:] - edges[..., :2]


class Asked:
    """What of one picture's encoded boxes (M, 9) is asked for: ``corners`` (m, 4) in pixels and ``labels`` (m,).

    ``spared`` (A,) says which of the `anchors` (A, 4) lie in what is neither right nor wrong.
    """

    def __init__(self, boxes: Tensor, anchors: Tensor, size: Tensor) -> None:
        boxes = boxes[boxes[:, LABEL] >= 0]
        corners = boxes[:, :4] * size.repeat(2)
        ignored = (boxes[:, CROWD] > 0) | (boxes[:, DIFFICULT] > 0)
        whole = ((corners[:, 2:] - corners[:, :2]) > 0).all(dim=1)
        self.corners, self.labels = corners[~ignored & whole], boxes[~ignored & whole, LABEL].long()
        self.spared = (_share_within(anchors, corners[ignored]) >= HALF_IN).any(dim=1)


def _share_within(anchors: Tensor, boxes: Tensor) -> Tensor:
    """(A, m) how much of each anchor lies in each box."""
    low = torch.maximum(anchors[:, None, :2], boxes[None, :, :2])
    high = torch.minimum(anchors[:, None, 2:], boxes[None, :, 2:])
    own = (anchors[:, 2:] - anchors[:, :2]).prod(dim=1)
    return (high - low).clamp(min=0).prod(dim=2) / own[:, None].clamp(min=1e-9)


def best_owners(anchors: Tensor, boxes: Tensor, least: float) -> Tensor:
    """(A,) the box (m, 4) that each anchor overlaps most, -1 where that is by less than `least` (SSD).

    The anchor that overlaps a box most finds it in any case.
    """
    if not len(boxes):
        return torch.full((len(anchors),), -1, dtype=torch.long, device=anchors.device)
    overlap = box_iou(boxes, anchors)
    most, owner = overlap.max(dim=0)
    owner[most < least] = -1
    owner[overlap.argmax(dim=1)] = torch.arange(len(boxes), device=anchors.device)
    return owner


BETWEEN = -2
"""An anchor that overlaps a box too much to be background, and too little to find it."""


def owners_between(anchors: Tensor, boxes: Tensor, low: float, high: float) -> Tensor:
    """(A,) as :func:`best_owners`, and `BETWEEN` from `low` to `high` (RetinaNet, Faster R-CNN).

    All anchors that overlap a box as much as its best find what they overlap most.
    """
    if not len(boxes):
        return torch.full((len(anchors),), -1, dtype=torch.long, device=anchors.device)
    overlap = box_iou(boxes, anchors)
    most, best = overlap.max(dim=0)
    owner = best.clone()
    owner[most < high] = BETWEEN
    owner[most < low] = -1
    chosen = (overlap == overlap.amax(dim=1, keepdim=True)).any(dim=0)
    owner[chosen] = best[chosen]
    return owner
