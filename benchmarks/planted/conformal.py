"""Sets at 90 % coverage on test splits: how often they hold the truth, and how large they are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import betabinom, binom
from sets import IMAGE_SETS, TEXT_SETS

from planted._models import Tested, tested

COVERAGE = 0.9


def measure(data: Path, backbones: Path, seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Coverage with the interval it must lie in, and the mean set size, for each set and seed.

    The note says where the plain binomial interval lies, and whether the coverage lies in it too.
    """
    for name in (*IMAGE_SETS, *TEXT_SETS):
        for seed in seeds:
            for figure, (value, must, note) in figures(tested(name, data, backbones, seed)).items():
                yield {
                    "planted": "conformal sets", "set": name, "seed": seed, "figure": figure, "value": value,
                    "must": must, "note": note,
                }  # fmt: skip


def figures(found: Tested) -> dict[str, tuple[float, str, str]]:
    """Coverage and mean set size of a model's sets: name → value, what it must reach, note."""
    from headstart.delivery.guarded import label_sets

    scores, truth = found.model.guard.scores, found.encoded.numpy()
    sets = label_sets(found.model.guard, found.probabilities(), COVERAGE)
    held = float(sets[np.arange(len(truth)), truth].mean())
    empty = f"{100 * (sets.sum(axis=1) == 0).mean():.1f} % empty"
    return {
        "coverage at 90 %": (held, _said(interval(len(scores), len(truth))), noted(held, len(truth))),
        "mean set size": (float(sets.sum(axis=1).mean()), "", empty),
    }


def binomial(tested: int) -> tuple[float, float]:
    """Where 95 % of test coverages would lie if every bar covered exactly 90 %, which none does."""
    low, high = binom(tested, COVERAGE).ppf([0.025, 0.975])
    return low / tested, high / tested


def noted(coverage: float, tested: int) -> str:
    """``binomial 0.856 to 0.938: outside``."""
    low, high = binomial(tested)
    return f"binomial {_said((low, high))}: {'inside' if low <= coverage <= high else 'outside'}"


def _said(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.3f} to {ends[1]:.3f}"


def interval(held_out: int, tested: int) -> tuple[float, float]:
    """Where 95 % of test coverages lie when `held_out` examples gave the bar.

    The coverage of one bar follows Beta(k, n + 1 - k), k = ⌈(n + 1) 0.9⌉, and the test count is binomial around it
    (Vovk 2012, arXiv:1209.2673; Angelopoulos & Bates 2023, arXiv:2107.07511, section 3.2). The plain binomial
    interval is too narrow: it leaves out that the held-out examples are a draw as well.
    """
    place = math.ceil((held_out + 1) * COVERAGE - 1e-9)
    low, high = betabinom(tested, place, held_out + 1 - place).ppf([0.025, 0.975])
    return low / tested, high / tested
