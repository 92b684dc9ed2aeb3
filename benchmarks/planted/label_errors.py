"""Labels flipped at random, and how well the suspects of ``label_errors`` point to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from planted._known_sets import Known, known

SETS = {"flowers": ">= 0.6", "vehicles": ">= 0.6", "banking77": ">= 0.5", "ag_news": ">= 0.5"}
"""The average precision that must be reached."""

FLIPPED = 0.05


def measure(data: Path, backbones: Path, seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Average precision, the share estimated, and what a refit without the top suspects gains on the test split.

    The top suspects are as many as labels were flipped. "Not worse" means that the 95 % interval of the paired
    difference of accuracies reaches nought.
    """
    for name, must in SETS.items():
        whole = known(name, data, backbones)
        for seed in seeds:
            labels, flipped = flip(whole.labels, seed)
            suspects, share = _suspects(whole.features, labels, seed)
            gain = _gain(whole, labels, suspects[: len(flipped)], seed)
            figures = {
                "average precision": (average_precision(suspects, flipped), must),
                "estimated share": (share, ""),
                "refit gain": (gain.value, ""),
                "refit gain, high end": (gain.high, ">= 0"),
            }
            for figure, (value, bound) in figures.items():
                yield {
                    "planted": "5 % of labels flipped", "set": name, "seed": seed, "figure": figure, "value": value,
                    "must": bound,
                }  # fmt: skip


def flip(labels: Sequence[str], seed: int) -> tuple[list[str], set[int]]:
    """The labels with FLIPPED of them changed to another one at random, and the places of those."""
    generator = np.random.default_rng(seed)
    classes, changed = sorted(set(labels)), list(labels)
    places = generator.permutation(len(labels))[: round(FLIPPED * len(labels))]
    for place in places:
        changed[place] = str(generator.choice([label for label in classes if label != labels[place]]))
    return changed, set(places.tolist())


def average_precision(ranked: Sequence[int], wrong: set[int]) -> float:
    """Sum of the precisions at each hit over the number of wrong labels; those not listed count as missed."""
    hits = np.isin(ranked, list(wrong))
    precisions = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precisions[hits].sum() / len(wrong))


def _suspects(features: np.ndarray, labels: list[str], seed: int) -> tuple[list[int], float]:
    """The places that the diagnosis lists, in its order, and the share of wrong labels that it takes."""
    import torch

    from headstart.diagnosis._confident_learning import share_wrong
    from headstart.diagnosis.base import Evidence
    from headstart.diagnosis.label_errors import LabelErrors
    from headstart.experiment.out_of_fold import out_of_fold, stratified_folds
    from headstart.tasks import TASKS

    task = TASKS.load("classification").from_targets(labels)
    encoded = task.encode(labels)
    folds = stratified_folds(labels, np.arange(len(labels)), seed)
    if folds is None:
        raise ValueError(f"{len(labels)} examples are too few for folds")
    outputs = out_of_fold(task, torch.from_numpy(features), encoded, folds)
    probabilities = task.probabilities(outputs, task.calibrate(outputs, encoded))
    ids = [str(place) for place in range(len(labels))]
    evidence = Evidence(
        {"train": labels}, {"train": ids}, {}, {}, {"train": labels}, {}, "accuracy", {"accuracy": True},
        labels=[str(label) for label in task.describe()["labels"]], probabilities={"train": probabilities},
    )  # fmt: skip
    listed = [int(example.id) for finding in LabelErrors().examine(evidence) for example in finding.examples]
    return listed, share_wrong(probabilities, encoded.numpy()).value


def _gain(whole: Known, labels: list[str], left_out: list[int], seed: int) -> Any:
    """Test accuracy of a head without the suspects minus that of one with them, paired."""
    import torch

    from headstart.core.statistics import bootstrap_draws, paired_difference
    from headstart.strategies._linear_head import fit_linear_head
    from headstart.tasks import TASKS

    task = TASKS.load("classification").from_targets(whole.labels)
    features, test = torch.from_numpy(whole.features), torch.from_numpy(whole.test_features)
    encoded, truth = task.encode(labels), task.encode(whole.test_labels)
    draws = bootstrap_draws(len(truth), seed=seed)

    def drawn(rows: np.ndarray) -> np.ndarray:
        kept = torch.from_numpy(rows)
        solution = fit_linear_head(task, features[kept], encoded[kept], task.balance(encoded[kept]), seed)
        return task.measure("accuracy", test @ solution.weight.T + solution.bias, truth, draws)

    everything = np.arange(len(labels))
    return paired_difference(drawn(np.setdiff1d(everything, left_out)), drawn(everything))
