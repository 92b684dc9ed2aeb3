"""Expected calibration error on test splits, after temperature scaling over before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sets import IMAGE_SETS, TEXT_SETS

from planted._models import tested

BINS = 15
"""Of equal width, as Guo et al. 2017 (arXiv:1706.04599) have them."""


def measure(data: Path, backbones: Path, seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Both errors and their ratio for each set and seed; then the mean and the largest of the ratios."""
    ratios = []
    for name in (*IMAGE_SETS, *TEXT_SETS):
        for seed in seeds:
            found = tested(name, data, backbones, seed)
            truth = found.encoded.numpy()
            before, after = (error(found.probabilities(scaled), truth) for scaled in (False, True))
            ratios.append(after / before)
            yield _row(name, seed, "error before", before, "")
            yield _row(name, seed, "error after", after, "")
            yield _row(name, seed, "after / before", ratios[-1], "<= 1.1")
    yield _row("all sets", "all", "mean after / before", float(np.mean(ratios)), "< 1")
    yield _row("all sets", "all", "largest after / before", float(np.max(ratios)), "<= 1.1")


def _row(name: str, seed: int | str, figure: str, value: float, must: str) -> dict[str, Any]:
    return {"planted": "calibration", "set": name, "seed": seed, "figure": figure, "value": value, "must": must}


def error(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Σ over bins of (share of the examples) · |share right - mean confidence|; (N, C) and (N,)."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    which = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [abs((right[which == b] - confidence[which == b]).sum()) for b in range(BINS)]
    return float(np.sum(gaps) / len(truth))
