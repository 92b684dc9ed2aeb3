"""Boxes as tensors: what a picture's target is to a loss, how it follows a view, and how figures read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from headstart.core.boxes import Boxes
from headstart.core.placement import WHOLE, Placement
from headstart.tasks._resampling import to_array
from headstart.tasks.shapes.box_matching import Detected, Truth

LEFT, TOP, RIGHT, BOTTOM, LABEL, CROWD, DIFFICULT, WIDTH, HEIGHT = range(9)
"""Columns of an encoded box: edges as shares of the picture, place of the class (-1: no box), whether it is a crowd
or difficult, and (width, height) of the picture in pixels, which every row holds."""

SCORE, FOUND_LABEL = 4, 5
"""Columns of a detection behind its edges, shares too; a row without one has the label -1."""

LEAST_SHOWN = 0.3
"""Share of a box that a view must show for it to be asked for there."""


def encode(targets: Sequence[Boxes], places: Mapping[str, int], slots: int) -> Tensor:
    """(N, M, 9), M at least `slots`."""
    slots = max([slots, *map(len, targets)])
    encoded = torch.zeros(len(targets), slots, 9)
    encoded[:, :, LABEL] = -1.0
    for row, target in enumerate(targets):
        width, height = target.size
        encoded[row, :, WIDTH], encoded[row, :, HEIGHT] = width, height
        for slot, box in enumerate(target):
            edges = box.left / width, box.top / height, box.right / width, box.bottom / height
            kind = places[box.label], float(box.crowd), float(box.difficult)
            encoded[row, slot, :WIDTH] = torch.tensor([*edges, *kind])
    return encoded


def placed(encoded: Tensor, placements: Sequence[Placement]) -> Tensor:
    """The boxes (N, M, 9) as views show them: cut at the edges; what is mostly outside is no longer asked for."""
    if all(placement == WHOLE for placement in placements):
        return encoded
    from headstart.tasks.shapes.views import boxes_seen  # torchvision takes its time

    pairs = zip(encoded, placements, strict=True)
    whole = torch.stack([boxes_seen(rows[:, :LABEL], placement) for rows, placement in pairs])
    edges = whole.clamp(0.0, 1.0)
    moved = encoded.clone()
    moved[..., :LABEL] = edges
    shown = _area(edges) / _area(whole).clamp(min=1e-9)
    moved[..., DIFFICULT] = torch.where(shown < LEAST_SHOWN, 1.0, encoded[..., DIFFICULT])
    moved[..., LABEL] = torch.where(shown <= 0, -1.0, encoded[..., LABEL])
    return moved


def _area(edges: Tensor) -> Tensor:
    return (edges[..., RIGHT] - edges[..., LEFT]) * (edges[..., BOTTOM] - edges[..., TOP])


def overlap(edges: Tensor, box: Sequence[float]) -> Tensor:
    """(…) intersection over union of `edges` (…, 4) with one box."""
    other = edges.new_tensor(list(box))
    start, end = torch.maximum(edges[..., :2], other[:2]), torch.minimum(edges[..., 2:], other[2:])
    shared = (end - start).clamp(min=0).prod(-1)
    return shared / (_area(edges) + _area(other) - shared).clamp(min=1e-9)


def truths(encoded: Tensor) -> list[Truth]:
    """What is marked in each picture, in pixels."""
    return [_truth(rows) for rows in to_array(encoded)]


def _truth(rows: np.ndarray) -> Truth:
    there = rows[rows[:, LABEL] >= 0]
    crowd = there[:, CROWD] > 0
    corners = there[:, :4] * rows[0, [WIDTH, HEIGHT, WIDTH, HEIGHT]]
    return Truth(corners, there[:, LABEL].astype(int), crowd, crowd | (there[:, DIFFICULT] > 0))


def detections(outputs: Tensor, encoded: Tensor) -> list[Detected]:
    """What was found in each picture, in pixels: outputs are (N, K, 6), and `encoded` tells how large it is."""
    sizes = to_array(encoded)[:, 0, [WIDTH, HEIGHT, WIDTH, HEIGHT]]
    return [_detected(rows, size) for rows, size in zip(to_array(outputs), sizes, strict=True)]


def _detected(rows: np.ndarray, size: np.ndarray) -> Detected:
    there = rows[rows[:, FOUND_LABEL] >= 0]
    return Detected(there[:, :4] * size, there[:, SCORE], there[:, FOUND_LABEL].astype(int))


def order_of(rows: np.ndarray, least: float) -> np.ndarray:
    """Which of the kept `rows` (K, 6 or more) of a picture score `least` or more; the surest first."""
    told = np.flatnonzero((rows[:, FOUND_LABEL] >= 0) & (rows[:, SCORE] >= least))
    return told[np.argsort(-rows[told, SCORE], kind="stable")]
