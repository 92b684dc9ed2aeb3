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

DRAWS = 200
"""Of what is right, by which the error of a model without any is told."""


def measure(data: Path, backbones: Path, seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Both errors and their ratio for each set and seed; then the mean and the largest of the ratios.

    The note says how large the error would be by chance alone.
    """
    ratios = []
    for name in (*IMAGE_SETS, *TEXT_SETS):
        for seed in seeds:
            found = tested(name, data, backbones, seed)
            truth = found.encoded.numpy()
            before, after = (error(found.probabilities(scaled), truth) for scaled in (False, True))
            ratios.append(after / before)
            for figure, value, scaled in (("error before", before, False), ("error after", after, True)):
                note = f"{by_chance(found.probabilities(scaled)):.4f} by chance"
                yield _row(name, seed, figure, value, "") | {"note": note}
            yield _row(name, seed, "after / before", ratios[-1], "<= 1.1")
    yield _row("all sets", "all", "mean after / before", float(np.mean(ratios)), "< 1")
    yield _row("all sets", "all", "largest after / before", float(np.max(ratios)), "<= 1.1")


def _row(name: str, seed: int | str, figure: str, value: float, must: str) -> dict[str, Any]:
    return {"planted": "calibration", "set": name, "seed": seed, "figure": figure, "value": value, "must": must}


def by_chance(probabilities: np.ndarray) -> float:
    """The mean error of (N, C) probabilities that are all as sure as they are right: so few examples have one too."""
    generator, confidence = np.random.default_rng(0), probabilities.max(axis=1)
    drawn = (generator.random(len(confidence)) < confidence for _ in range(DRAWS))
    return float(np.mean([_gaps(confidence, right) for right in drawn]))


def error(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Σ over bins of (share of the examples) · |share right - mean confidence|; (N, C) and (N,)."""
    return _gaps(probabilities.max(axis=1), probabilities.argmax(axis=1) == truth)


def _gaps(confidence: np.ndarray, right: np.ndarray) -> float:
    """Of the (N,) confidence of each answer, and whether it is right."""
    which = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [abs((right[which == b] - confidence[which == b]).sum()) for b in range(BINS)]
    return float(np.sum(gaps) / len(right))
