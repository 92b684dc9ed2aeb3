"""Accuracy on another domain estimated without labels, against what it is, and against the mean confidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sets import Split

from planted._models import domain, fitted

if TYPE_CHECKING:
    from headstart.delivery.comparing import Comparison

DOMAINS = {
    "pacs_photo_sketch": ("photo", "sketch"),
    "amazon_multidomain": ("books", "dvd", "electronics", "kitchen"),
    "xlmt_sentiment": ("english", "french", "german", "spanish"),
}


def measure(data: Path, backbones: Path, seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
    """The absolute error of every pair and seed, then the mean of all, of the naive estimate too."""
    estimated, naive, inside = [], [], []
    for name, domains in DOMAINS.items():
        for seed in seeds:
            models = {source: fitted(domain(data / name / source, "train"), backbones, seed) for source in domains}
            for source, target in permutations(domains, 2):
                split = domain(data / name / target, "test")
                found, truth = _compared(models[source], split)
                value, low, high = found.estimated_accuracy
                estimated.append(abs(value - truth))
                naive.append(abs(found.mean_confidence - truth))
                inside.append(low <= truth <= high)
                yield _row(f"{source} to {target}", seed, "error of the estimate", estimated[-1], "")
                yield _row(f"{source} to {target}", seed, "error of mean confidence", naive[-1], "")
    yield _row("all pairs", "all", "mean error of the estimate", float(np.mean(estimated)), "<= 0.08")
    yield _row("all pairs", "all", "mean error of mean confidence", float(np.mean(naive)), "")
    yield _row("all pairs", "all", "truth inside the interval", float(np.mean(inside)), "")


def _compared(model: Any, split: Split) -> tuple[Comparison, float]:
    """What the model's comparison with `split` says, and the share of it that the model predicts right."""
    from headstart.delivery.comparing import compare

    new = model.observe(split.inputs).new
    right = model.task.decode(new.outputs, model.calibration).columns["label"] == np.array(split.labels)
    return compare(model.task, model.calibration, model.guard, new, "examples"), float(np.mean(right))


def _row(name: str, seed: int | str, figure: str, value: float, must: str) -> dict[str, Any]:
    return {"planted": "another domain", "set": name, "seed": seed, "figure": figure, "value": value, "must": must}
