"""Sets at 90 % coverage, and calibration, where training and test examples surely come from one place.

A set's own test split may be easier or harder than its training split (`given_splits` asks), and then no bar from the
one holds in the other. Here all examples are dealt anew for every fit, into splits as large as the given ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sets import IMAGE_SETS, TEXT_SETS, Split

from planted._models import Tested, given, tried
from planted.calibration import error
from planted.conformal import figures


def measure(data: Path, backbones: Path, seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Coverage, set size and the ratio of calibration errors, for each set and deal; then what all deals say."""
    found: dict[str, list[float]] = {}
    for name in (*IMAGE_SETS, *TEXT_SETS):
        whole = given(name, data)
        for seed in seeds:
            train, test = dealt(whole.train, whole.test, seed)
            for figure, (value, must, note) in _figures(tried(train, test, backbones, seed)).items():
                found.setdefault(figure, []).append(value)
                yield _row(name, seed, figure, value, must) | {"note": note}
    for figure, values in found.items():
        yield _row("all deals", "all", f"mean {figure}", float(np.mean(values)), "")


def _figures(found: Tested) -> dict[str, tuple[float, str, str]]:
    """Name → value, what it must reach, note."""
    truth = found.encoded.numpy()
    before, after = (error(found.probabilities(scaled), truth) for scaled in (False, True))
    of_sets = figures(found)
    (coverage, _, note), *_ = of_sets.values()
    inside = float(note.endswith("inside"))
    ratio = {"error after / before": (after / before, "", f"{before:.4f}, then {after:.4f}")}
    return {**of_sets, "inside the plain binomial": (inside, "", f"{coverage:.3f}"), **ratio}


def dealt(train: Split, test: Split, seed: int) -> tuple[Split, Split]:
    """The examples of both, divided anew into as many of each, every class in proportion."""
    from sklearn.model_selection import train_test_split

    inputs, labels = [*train.inputs, *test.inputs], [*train.labels, *test.labels]
    parts = train_test_split(np.arange(len(labels)), test_size=len(test), random_state=seed, stratify=labels)
    learnt, tested = (Split([inputs[i] for i in part], [labels[i] for i in part]) for part in parts)
    return learnt, tested


def _row(name: str, seed: int | str, figure: str, value: float, must: str) -> dict[str, Any]:
    return {"planted": "dealt anew", "set": name, "seed": seed, "figure": figure, "value": value, "must": must}
