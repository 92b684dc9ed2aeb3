"""Adapting by training the backbone: gain over the source model, way by way, and over adapting without training."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sets import write_table
from target import Target

from transfers._domains import Domain, domain, pairs, split
from transfers.adaptation import MOST_HARM, SETS, SOURCE

__all__ = ["SETS", "rows"]

KEPT, KEPT_SHALLOW = "kept", "kept without training"
NO_HARM = Target(-MOST_HARM, at_least=True)

Reached = dict[str, list[float]]
"""Way → its accuracy on each pair and seed."""


def rows(asked: Any) -> Iterator[dict[str, Any]]:
    """Accuracy on the new domain's test split of everything that ``headstart adapt --deep`` tries within the budget
    and of what it keeps, then means over the pairs on which a way was tried, each beside the source model's there."""
    gains: Reached = defaultdict(list)
    for seed in asked.seeds:
        for group, source, target in pairs(asked.sets):
            first, second = (domain(asked.data, asked.backbones, group, name, seed) for name in (source, target))
            with tempfile.TemporaryDirectory() as folder:
                labelled = _handed_over(asked.data / group / source, Path(folder))
                reached, about = _pair(first, second, labelled, asked.budget, seed)
            here = {"set": f"{source} to {target}", "seed": seed, "group": group}
            for way, accuracy in reached.items():
                gains[way].append(accuracy - reached[SOURCE])
                yield {**here, "figure": way, "value": accuracy, **about}
            yield {**here, "figure": "gain over source", "value": reached[KEPT] - reached[SOURCE], "must": NO_HARM}
    for way, own in gains.items():
        if way != SOURCE:
            yield {"set": f"{len(own)} pairs", "seed": "mean", "figure": f"{way}: gain", "value": float(np.mean(own))}


def _handed_over(folder: Path, into: Path) -> str:
    """The training split as labelled source data: its folder, or a table that holds nothing of the test split."""
    if (folder / "train").is_dir():
        return str((folder / "train").resolve())
    write_table(into / "source.csv", split(folder, "train"))
    return str(into / "source.csv")


def _pair(
    source: Domain, target: Domain, labelled: str, budget: str, seed: int
) -> tuple[dict[str, float], dict[str, Any]]:
    """Accuracies by way, and what was kept and why."""
    from headstart.experiment.adaptation.adapting import adapt

    model, new = source.model, list(target.examples["train"].references)
    truth = model.task.encode(target.labels["test"])
    shallow = adapt(model, new, seed=seed, quiet=True)
    made = adapt(model, new, source=labelled, deep=True, budget=budget, seed=seed, quiet=True)

    def accuracy(network: Any) -> float:
        return _accuracy(model, network, target.examples["test"], truth)

    reached = {SOURCE: accuracy(model.network), KEPT_SHALLOW: accuracy(shallow.model.network)}
    reached |= {one.name: accuracy(one.adapted.network) for one in made.tried if one.name != SOURCE}
    reached[KEPT] = accuracy(made.model.network)
    votes = {one.name: one.said_against(made.tried[0]) for one in made.tried[1:]}
    chosen = {"chosen": made.method or SOURCE, "reason": made.reason}
    return reached, {**chosen, "not_tried": list(made.not_tried), "votes": votes}


def _accuracy(model: Any, network: Any, examples: Any, truth: torch.Tensor) -> float:
    """The share of `examples` that `network` gives their class."""
    from headstart.adaptations._deep import looked
    from headstart.core.progress import Progress
    from headstart.experiment.adaptation.bench import deep_of
    from headstart.experiment.adaptation.clock import Clock

    deep = deep_of(model, examples, [], 0, Clock(), Progress(quiet=True))
    features = torch.from_numpy(looked(deep, network, deep.target))
    with torch.inference_mode():
        said = network.head(features)
    return float((said.argmax(dim=1) == truth).float().mean())
