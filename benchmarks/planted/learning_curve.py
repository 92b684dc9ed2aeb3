"""The figure at all labels, told from a quarter of them: how often it lies in the 90 % interval."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from planted._known_sets import Known, known

SETS = ("flowers", "vehicles", "banking77", "ag_news")
QUARTERS = 10
"""Random quarters for each seed."""


def measure(data: Path, backbones: Path, seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
    """For each set and seed, the share of QUARTERS whose interval holds the figure at all labels; its mean width.

    The figure is the task's watched one. At all labels it is measured as at a quarter, on fifths held out of them;
    the row of the test split asks the same of a head on all training examples, and has the noise of that split too.
    """
    for name in SETS:
        whole = known(name, data, backbones)
        for seed in seeds:
            inside, inside_test, widths = _covered(whole, seed)
            figures = {
                "inside the interval": (inside, ">= 0.85"),
                "test split inside": (inside_test, ""),
                "mean width": (widths, ""),
            }
            for figure, (value, must) in figures.items():
                yield {
                    "planted": "a quarter of the labels", "set": name, "seed": seed, "figure": figure,
                    "value": value, "must": must,
                }  # fmt: skip


def _covered(whole: Known, seed: int) -> tuple[float, float, float]:
    import torch

    from headstart.core.learning_curves import extrapolate
    from headstart.strategies._linear_head import fit_linear_head
    from headstart.strategies._refits import accuracy_at_shares
    from headstart.tasks import TASKS

    task = TASKS.load("classification").from_targets(whole.labels)
    features, encoded = torch.from_numpy(whole.features), task.encode(whole.labels)

    def solved(rows: torch.Tensor) -> Any:
        return fit_linear_head(task, features[rows], encoded[rows], task.balance(encoded[rows]), seed)

    everything = torch.arange(len(encoded))
    best = solved(everything)
    held_out = accuracy_at_shares(features, encoded, task, (1.0,), 5, seed, best.strength)
    size, truth = held_out[0][0], 1 - float(np.mean([figure for _, figure in held_out]))
    outputs = torch.from_numpy(whole.test_features) @ best.weight.T + best.bias
    tested = 1 - task.value(task.watched, outputs, task.encode(whole.test_labels))
    rows = []
    for draw in range(QUARTERS):
        order = np.random.default_rng((seed, draw)).permutation(len(encoded))
        part = torch.from_numpy(order[: len(order) // 4])
        curve = accuracy_at_shares(features[part], encoded[part], task, seed=draw, strength=solved(part).strength)
        sizes = sorted({count for count, _ in curve})
        errors = 1 - np.array([figure for _, figure in curve]).reshape(-1, len(sizes))
        at_size, at_all = extrapolate(sizes, errors, (size, len(encoded)))
        rows.append((
            at_size.low <= truth <= at_size.high, at_all.low <= tested <= at_all.high, at_size.high - at_size.low
        ))  # fmt: skip
    inside, inside_test, width = np.mean(np.array(rows, float), axis=0)
    return float(inside), float(inside_test), float(width)
