"""Which detection finds which marked box: each picture is matched once, at every overlap and for every size.

The rules are those of COCO's own evaluation (Lin et al. 2014, arXiv:1405.0312; pycocotools ``COCOeval``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from headstart.tasks.shapes import pixel_masks
from headstart.tasks.shapes.pixel_masks import Pixels

OVERLAPS = np.linspace(0.5, 0.95, 10)
"""(T,) least intersection over union of a detection and the box that it finds."""

SIZES = {"all": (0.0, 1e10), "small": (0.0, 32.0**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}
"""(A) bands of areas in pixels, both ends included; what lies outside is neither right nor wrong."""

MOST = 100
"""Detections of a class in a picture that count: the surest."""


@dataclass(frozen=True)
class Detected:
    """What a model finds in one picture: ``corners`` (n, 4) left, top, right, bottom in pixels, with scores (n,) and
    places of the classes (n,); and the n ``masks``, which are compared in the place of boxes where there are any.
    """

    corners: np.ndarray
    scores: np.ndarray
    labels: np.ndarray
    masks: Sequence[Pixels] | None = None


@dataclass(frozen=True)
class Truth:
    """What is marked in one picture: ``corners`` (m, 4) in pixels, places of the classes (m,).

    ``masks`` are those of the m objects, where what is found has masks.
    ``crowd`` (m,) : any number of detections may lie in it. ``ignored`` (m,) : finding it is neither right nor wrong,
    as of each crowd.
    """

    corners: np.ndarray
    labels: np.ndarray
    crowd: np.ndarray
    ignored: np.ndarray
    masks: Sequence[Pixels] | None = None


@dataclass(frozen=True)
class Matched:
    """What became of all D detections of one class in N pictures, the surest first.

    Attributes
    ----------
    pictures, places : (D,) the picture of each, and its row among the detections of that picture.
    scores : (D,), falling.
    hits : (A, T, D) whether it finds a box that is asked for.
    ignored : (A, T, D) whether it is neither right nor wrong.
    partners : (D,) at the least overlap and for all sizes the row of the box that it finds, -1 for none.
    positives : (A, N) boxes that are asked for.
    """

    pictures: np.ndarray
    places: np.ndarray
    scores: np.ndarray
    hits: np.ndarray
    ignored: np.ndarray
    partners: np.ndarray
    positives: np.ndarray


def match(detected: Sequence[Detected], truths: Sequence[Truth], classes: int) -> list[Matched]:
    """One entry a class, of N pictures."""
    return [_of_class(detected, truths, label) for label in range(classes)]


def overlaps(corners: np.ndarray, others: np.ndarray, crowd: np.ndarray) -> np.ndarray:
    """(n, m) intersection over union; over the first's own area where the second is a crowd."""
    shared = np.minimum(corners[:, None, 2:], others[None, :, 2:]) - np.maximum(
        corners[:, None, :2], others[None, :, :2]
    )
    intersection = np.prod(np.clip(shared, 0.0, None), axis=2)
    own = area(corners)[:, None]
    union = np.where(crowd[None], own, own + area(others)[None] - intersection)
    return np.asarray(intersection / np.maximum(union, np.finfo(float).tiny))


def area(corners: np.ndarray) -> np.ndarray:
    """(n,) of boxes (n, 4), in square pixels."""
    return np.asarray((corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1]))


def _of_class(detected: Sequence[Detected], truths: Sequence[Truth], label: int) -> Matched:
    rows = [_surest(found, label) for found in detected]
    asked = [np.flatnonzero(truth.labels == label) for truth in truths]
    each = [
        _match_one(found, own, truth, marked)
        for found, own, truth, marked in zip(detected, rows, truths, asked, strict=True)
    ]
    scores = np.concatenate([found.scores[own] for found, own in zip(detected, rows, strict=True)])
    order = np.argsort(-scores, kind="stable")
    pictures = np.repeat(np.arange(len(rows)), [len(own) for own in rows])
    return Matched(
        pictures[order],
        np.concatenate(rows)[order],
        scores[order],
        np.concatenate([one[0] for one in each], axis=2)[:, :, order],
        np.concatenate([one[1] for one in each], axis=2)[:, :, order],
        np.concatenate([one[2] for one in each])[order],
        np.stack([one[3] for one in each], axis=1),
    )


def _surest(found: Detected, label: int) -> np.ndarray:
    """The rows of the detections of a class, the surest first, at most `MOST`."""
    rows = np.flatnonzero(found.labels == label)
    return np.asarray(rows[np.argsort(-found.scores[rows], kind="stable")[:MOST]])


def _match_one(
    found: Detected, rows: np.ndarray, truth: Truth, marked: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Hits and ignored (A, T, n), partners (n,) and positives (A,) of one picture and one class.

    In the order of their scores each detection takes the box that it overlaps most of those that are left and asked
    for; where it overlaps none enough, one that is ignored.
    """
    crowd = truth.crowd[marked]
    overlap, areas, asked_areas = _compared(found, rows, truth, marked)
    ignored_box = _outside(asked_areas) | truth.ignored[marked] | crowd  # (A, m)
    shape = len(SIZES), len(OVERLAPS)
    hits, ignored = np.zeros((*shape, len(rows)), bool), np.zeros((*shape, len(rows)), bool)
    partners, taken = np.full(len(rows), -1), np.zeros((*shape, len(marked)), bool)
    for i, own in enumerate(overlap):
        free = (own >= np.minimum(OVERLAPS, 1 - 1e-10)[:, None]) & (~taken | crowd)
        asked, spare = free & ~ignored_box[:, None], free & ignored_box[:, None]
        hits[:, :, i] = asked.any(axis=2)
        choice = np.where(hits[:, :, i, None], asked, spare)
        some = choice.any(axis=2)
        best = _last_best(np.where(choice, own, -1.0))
        ignored[:, :, i] = some & ~hits[:, :, i]
        a, t = np.nonzero(some)
        taken[a, t, best[a, t]] = True
        partners[i] = marked[best[0, 0]] if some[0, 0] else -1
    unmatched = ~hits & ~ignored
    ignored |= unmatched & _outside(areas)[:, None]
    return hits, ignored, partners, (~ignored_box).sum(axis=1)


def _last_best(values: np.ndarray) -> np.ndarray:
    """The place of the largest along the last axis, the last of equals; 0 where there is nothing."""
    count = values.shape[-1]
    return np.asarray(count - 1 - values[..., ::-1].argmax(axis=-1)) if count else np.zeros(values.shape[:-1], int)


def _compared(
    found: Detected, rows: np.ndarray, truth: Truth, marked: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(n, m) overlaps of boxes, or of masks, and the areas (n,) and (m,) of both."""
    crowd = truth.crowd[marked]
    if found.masks is None or truth.masks is None:
        corners, boxes = found.corners[rows], truth.corners[marked]
        return overlaps(corners, boxes, crowd), area(corners), area(boxes)
    own, asked = [found.masks[row] for row in rows], [truth.masks[row] for row in marked]
    areas, asked_areas = (np.array([mask.area for mask in masks]) for masks in (own, asked))
    return pixel_masks.overlaps(own, asked, crowd), areas, asked_areas


def _outside(areas: np.ndarray) -> np.ndarray:
    """(A, n) whether an area lies outside each band."""
    return np.stack([(areas < low) | (areas > high) for low, high in SIZES.values()])
