"""Adapting to a new domain without labels: gain over the source model, against standardising and against labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from transfers._domains import GROUPS, Domain, domain, observed, pairs

SETS = tuple(GROUPS)
MOST_HARM, MOST_BELOW_STANDARDISED, MOST_BELOW_LABELS = 0.005, 0.01, 0.03
WAYS = ("source only", "standardised", "kept", "choice by labels", "with target labels")


def rows(asked: Any) -> Iterator[dict[str, Any]]:
    """Accuracy on the target's test split, pair by pair, and the means of the differences over the pairs."""
    reached: list[dict[str, float]] = []
    for group, source, target in pairs(asked.sets):
        for seed in range(asked.seeds):
            here = {"set": f"{source} to {target}", "seed": seed}
            first, second = (domain(asked.data, asked.backbones, group, name, seed) for name in (source, target))
            figures, kept = _pair(first, second, seed)
            reached.append(figures)
            for way in WAYS:
                yield {**here, "figure": way, "value": figures[way], "chosen": kept}
            gain = figures["kept"] - figures["source only"]
            yield {**here, "figure": "gain over source only", "value": gain, "must": f"at least -{MOST_HARM}"}
            more = figures["kept"] - figures["standardised"]
            yield {
                **here,
                "figure": "over standardising",
                "value": more,
                "must": f"at least -{MOST_BELOW_STANDARDISED}",
            }
    yield from _means(reached)


def _means(reached: list[dict[str, float]]) -> Iterator[dict[str, Any]]:
    """Each difference's mean over the pairs, with a 95 % interval over resamples of the pairs."""
    against = {
        "source only": "low end above 0",
        "standardised": "above 0",
        "choice by labels": f"at least -{MOST_BELOW_LABELS}",
    }
    for way, must in against.items():
        differences = np.array([each["kept"] - each[way] for each in reached])
        draws = np.random.default_rng(0).integers(0, len(differences), (5000, len(differences)))
        low, high = np.quantile(differences[draws].mean(axis=1), [0.025, 0.975])
        yield {
            "set": f"{len(reached)} pairs [{100 * low:+.1f}, {100 * high:+.1f}]",
            "seed": 0,
            "figure": f"mean over {way}",
            "value": float(differences.mean()),
            "interval": [float(low), float(high)],
            "worst": float(differences.min()),
            "must": must,
        }


def _pair(source: Domain, target: Domain, seed: int) -> tuple[dict[str, float], str]:
    """Accuracies on the test split of `target` by way, and the name of what was kept."""
    from headstart.core.progress import Progress
    from headstart.experiment.adapting import Wish, adapted_to, asked_for
    from headstart.strategies._linear_head import fit_linear_head

    model = source.model
    wish = Wish(None, seed=seed)
    quiet = Progress(quiet=True)
    made = adapted_to(model, observed(source, target, "train"), wish, asked_for(wish), None, quiet)
    last = model.needed_guard.depths[-1]
    features = {part: torch.from_numpy(target.features[part][last]) for part in ("train", "test")}
    truth = {part: model.task.encode(target.labels[part]) for part in ("train", "test")}

    def accuracy(head: Any, part: str) -> float:
        with torch.no_grad():
            return float((head(features[part]).argmax(dim=1) == truth[part]).float().mean())

    heads = {one.name: one.adapted.network.head for one in made.tried} or {"source model": model.network.head}
    if "standardise" not in heads:  # nothing was tried: no mismatch was found
        heads["standardise"] = _standardised(model, observed(source, target, "train"), wish)
    best = max(heads, key=lambda name: accuracy(heads[name], "train"))
    solved = fit_linear_head(model.task, features["train"], truth["train"], torch.ones(len(truth["train"])), seed)
    figures = {
        "source only": accuracy(model.network.head, "test"),
        "standardised": accuracy(heads["standardise"], "test"),
        "kept": accuracy(made.model.network.head, "test"),
        "choice by labels": accuracy(heads[best], "test"),
        "with target labels": accuracy(lambda given: given @ solved.weight.T + solved.bias, "test"),
    }
    return figures, made.method or "source model"


def _standardised(model: Any, new: Any, wish: Any) -> Any:
    from headstart.adaptations import ADAPTATIONS
    from headstart.core.progress import Progress
    from headstart.experiment.adaptation_domains import domains_of

    domains = domains_of(model, new, wish, None, Progress(quiet=True))
    return ADAPTATIONS.load("standardise")().adapt(domains).network.head
