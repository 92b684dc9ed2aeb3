"""Of a set of predictions, which one is to find which box: the pairing that costs least in all.

Carion et al. 2020, "End-to-End Object Detection with Transformers" (DETR, arXiv:2005.12872).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torchvision.ops import box_convert, generalized_box_iou, generalized_box_iou_loss

from headstart.tasks.finding.anchored import Asked

BOX = 4
"""Columns in front of raw outputs: the middle (x, y) of a box, its width and its height, as shares of the picture."""


class Weights(NamedTuple):
    """How much class, distance of the edges (L1) and overlap (GIoU) weigh."""

    kind: float
    distance: float
    overlap: float


class Paired(NamedTuple):
    """Predictions (k,) that are to find something, and the boxes (k,) that they are to find."""

    rows: Tensor
    boxes: Tensor


def edges_of(boxes: Tensor) -> Tensor:
    """(…, 4) left, top, right, bottom of boxes that are told by middle and sides."""
    return box_convert(boxes, "cxcywh", "xyxy")


def asked_of(encoded: Tensor, boxes: Tensor) -> Asked:
    """What one picture's encoded boxes (M, 9) ask of predictions (Q, 4); corners are shares of the picture."""
    return Asked(encoded, edges_of(boxes.detach()), boxes.new_ones(2))


def paired(kind: Tensor, boxes: Tensor, wanted: Tensor, weights: Weights) -> Paired:
    """The cheapest pairing of Q predictions and m boxes.

    Parameters
    ----------
    kind : (Q, m) what it costs to take each for the class of each. boxes : (Q, 4), as middle and sides.
    wanted : (m, 4) edges.
    """
    with torch.no_grad():
        distance = torch.cdist(boxes, box_convert(wanted, "xyxy", "cxcywh"), p=1)
        overlap = generalized_box_iou(edges_of(boxes), wanted)
        return cheapest(weights.kind * kind + weights.distance * distance - weights.overlap * overlap)


def cheapest(cost: Tensor) -> Paired:
    """The pairing of Q predictions and m things of which the sum of `cost` (Q, m) is least."""
    most = torch.finfo(cost.dtype).max
    found = linear_sum_assignment(torch.nan_to_num(cost, nan=most, posinf=most, neginf=most).cpu().numpy())
    rows, columns = (torch.as_tensor(each, dtype=torch.long, device=cost.device) for each in found)
    return Paired(rows, columns)


def loss_of_edges(boxes: Tensor, wanted: Tensor, weights: Weights) -> Tensor:
    """The sum of distance and 1 - GIoU of boxes (k, 4), as middle and sides, from the edges `wanted` (k, 4)."""
    distance = (boxes - box_convert(wanted, "xyxy", "cxcywh")).abs().sum()
    apart = generalized_box_iou_loss(edges_of(boxes), wanted, reduction="sum")
    return weights.distance * distance + weights.overlap * apart
