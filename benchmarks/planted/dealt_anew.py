"""Sets at 90 % coverage where held-out and test examples surely come from one place: all dealt anew each time.

A set's own test split may be easier or harder than its training split, and then no bar from the one holds in the
other. Here a linear head on frozen features is judged, without the rest of a fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from planted._known_sets import known
from planted.conformal import COVERAGE, interval

SETS = ("flowers", "vehicles", "ag_news")
DEALS = 10
"""For each seed."""


def measure(data: Path, backbones: Path, seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
    """For each set and seed the mean coverage of DEALS, and the share of them within the interval, 95 % expected."""
    for name in SETS:
        whole = known(name, data, backbones)
        features = np.concatenate([whole.features, whole.test_features])
        labels = [*whole.labels, *whole.test_labels]
        for seed in seeds:
            covered = np.array([_covered(features, labels, (seed, deal)) for deal in range(DEALS)])
            figures = {"mean coverage, dealt anew": covered[:, 0], "within the interval": covered[:, 1]}
            for figure, values in figures.items():
                yield {
                    "planted": "conformal sets", "set": name, "seed": seed, "figure": figure,
                    "value": float(values.mean()), "must": "",
                }  # fmt: skip


def _covered(features: np.ndarray, labels: list[str], seed: tuple[int, int]) -> tuple[float, bool]:
    """Of a fifth of the examples, with the bar from another fifth and the head from the rest."""
    import torch

    from headstart.model import conformal
    from headstart.strategies._linear_head import fit_linear_head
    from headstart.tasks import TASKS

    task = TASKS.load("classification").from_targets(labels)
    encoded, inputs = task.encode(labels), torch.from_numpy(features)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(labels)))
    fifth = len(order) // 5
    tested, held, learnt = order[:fifth], order[fifth : 2 * fifth], order[2 * fifth :]
    head = fit_linear_head(task, inputs[learnt], encoded[learnt], task.balance(encoded[learnt]), seed[1])
    outputs = inputs @ head.weight.T + head.bias
    calibration = task.calibrate(outputs[held], encoded[held])
    bar = conformal.bar(
        conformal.scores(task.probabilities(outputs[held], calibration), encoded[held].numpy()), COVERAGE
    )
    sets = conformal.sets(task.probabilities(outputs[tested], calibration), bar)
    coverage = float(sets[np.arange(fifth), encoded[tested].numpy()].mean())
    low, high = interval(fifth, fifth)
    return coverage, low <= coverage <= high
