"""Whether a set's own test split is as hard as its training split: what heads make of both, out of fold.

Sets at a coverage, and every figure told from training examples, promise something of examples that come from one
place. Here train and test examples are treated alike, so that only the split differs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import hypergeom
from sets import IMAGE_SETS, TEXT_SETS

from planted._known_sets import Known, known
from planted._models import SET_ROWS, SET_TEST_ROWS
from planted.conformal import COVERAGE


def measure(data: Path, backbones: Path, seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
    """For each set, and each seed of the folds: how many of either split are covered, and the chance of that."""
    for name in (*IMAGE_SETS, *TEXT_SETS):
        whole = known(name, data, backbones, SET_ROWS, SET_TEST_ROWS)
        for seed in seeds:
            covered, is_test = _covered(whole, seed)
            figures = {
                "training split covered": covered[~is_test].mean(),
                "test split covered": covered[is_test].mean(),
                "chance of so uneven a split": chance(covered, is_test),
            }
            for figure, value in figures.items():
                yield {
                    "planted": "given splits", "set": name, "seed": seed, "figure": figure, "value": float(value),
                    "must": "",
                }  # fmt: skip


def chance(covered: np.ndarray, is_test: np.ndarray) -> float:
    """P that a split drawn at random has so many covered test examples, or as unlikely a number (Fisher's test).

    Both (N,) bool.
    """
    count, drawn = int(covered.sum()), int(is_test.sum())
    possible = hypergeom(len(covered), count, drawn).pmf(np.arange(drawn + 1))
    seen = possible[int((covered & is_test).sum())]
    return float(min(1.0, possible[possible <= seen * (1 + 1e-9)].sum()))


def _covered(whole: Known, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(N,) whose true label is as likely as that of `COVERAGE` of all, out of fold; and which are test examples."""
    import torch

    from headstart.experiment.out_of_fold import out_of_fold, stratified_folds
    from headstart.model.conformal import bar, scores
    from headstart.tasks import TASKS

    labels = [*whole.labels, *whole.test_labels]
    task = TASKS.load("classification").from_targets(labels)
    encoded = task.encode(labels)
    features = torch.from_numpy(np.concatenate([whole.features, whole.test_features]))
    folds = stratified_folds(labels, np.arange(len(labels)), seed)
    outputs = out_of_fold(task, features, encoded, folds)
    found = scores(task.probabilities(outputs, {}), encoded.numpy())
    return found <= bar(found, COVERAGE), np.arange(len(labels)) >= len(whole.labels)
