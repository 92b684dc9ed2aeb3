"""The figures of segmentation, from counts of pixels that are added up over images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from headstart.core.by_class import ByClass
from headstart.core.masks import IGNORED
from headstart.core.statistics import bootstrap_draws, percentile_interval
from headstart.tasks._resampling import f1, identity, in_chunks, mean_known, sum_of

OF_CLASS = {"precision": "precision", "recall": "recall", "iou": "iou", "class_dice": "dice"}
"""Name of a figure of one class → what :func:`by_class` calls it."""


def confusions(predicted: Tensor, truth: Tensor, size: int) -> np.ndarray:
    """(N, C, C) pixels by true and predicted class, of (N, H, W) classes each; ignored places do not count."""
    counts = np.zeros((len(truth), size, size), dtype=np.int64)
    for row, (said, true) in enumerate(zip(predicted, truth, strict=True)):
        known = true != IGNORED
        cells = true[known].long() * size + said[known].long()
        counts[row] = torch.bincount(cells, minlength=size * size).view(size, size).numpy()
    return counts


def totals(counts: np.ndarray) -> np.ndarray:
    """(N, 3 C): pixels that are right, that are of each class, and that were said to be, from (N, C, C)."""
    return np.concatenate([np.diagonal(counts, axis1=1, axis2=2), counts.sum(2), counts.sum(1)], axis=1)


def by_class(columns: np.ndarray, draws: np.ndarray, figure: str) -> np.ndarray:
    """(B, C) a `figure` of `OF_CLASS` of each class on `draws` (B, N).

    NaN where a class is neither there nor said, precision where it is not said, and recall where it is not there.
    """
    hits, true, said = np.split(sum_of(columns, draws), 3, axis=1)
    if figure == "dice":
        return f1(hits, true, said)
    of = {"precision": said, "recall": true, "iou": true + said - hits}[figure]
    return np.where(of > 0, hits / np.maximum(of, 1), np.nan)


def figures_by_class(columns: np.ndarray, labels: Sequence[str]) -> ByClass:
    """Those `OF_CLASS` with their intervals, of the classes that have them."""
    return {name: _intervals(columns, labels, figure) for name, figure in OF_CLASS.items()}


def _intervals(columns: np.ndarray, labels: Sequence[str], figure: str) -> dict[str, list[float]]:
    """Of each class that has the figure, from one look at all classes on all draws."""
    drawn = by_class(columns, bootstrap_draws(len(columns)), figure)
    values = by_class(columns, identity(len(columns)), figure)[0]
    found = {label: percentile_interval(drawn[:, c], float(values[c])) for c, label in enumerate(labels)}
    return {label: list(each) for label, each in found.items() if not np.isnan(each.value)}


def mean_by_class(columns: np.ndarray, draws: np.ndarray, figure: str) -> np.ndarray:
    """(B,): its mean over the classes that are there or said."""
    return in_chunks(lambda part: mean_known(by_class(columns, part, figure)), draws, cost=3)


def pixel_accuracy(columns: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """(B,): the share of pixels whose class was said."""
    hits, true, _ = np.split(sum_of(columns, draws), 3, axis=1)
    return np.asarray(hits.sum(axis=1) / np.maximum(true.sum(axis=1), 1))


def rows_by_class(columns: np.ndarray, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Of each class: in how many images it is, precision, recall, IoU and Dice; None where it has no such figure."""
    there = (np.split(columns, 3, axis=1)[1] > 0).sum(axis=0)
    figures = {name: by_class(columns, identity(len(columns)), own)[0] for name, own in OF_CLASS.items()}
    return [
        {
            "label": label,
            "examples": int(there[c]),
            **{f: None if np.isnan(values[c]) else float(values[c]) for f, values in figures.items()},
        }
        for c, label in enumerate(labels)
    ]
