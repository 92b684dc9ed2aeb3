"""Adapting to a new domain without labels: gain over the source model, against standardising and against labels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from transfers._domains import GROUPS, Domain, domain, observed, pairs, read

SETS = tuple(GROUPS)
MOST_HARM, MOST_BELOW_STANDARDISED, MOST_BELOW_LABELS = 0.005, 0.01, 0.03
WAYS = ("source only", "standardised", "kept", "choice by labels", "with target labels")
ALL = ", all new inputs"
"""Behind the name of a way: also on the training split of the new domain, whose inputs it adapted to and whose labels
nothing that it did has seen, so that the standard error is about half of that on the test split."""

SOURCE, STANDARDISED, FEW_LABELS = "source model", "standardise", "few_labels"
DEEPEST = 2
"""Adaptations of at most this depth leave the backbone as it is, and are all tried for the choice by labels."""

Reached = dict[tuple[str, str], list[dict[str, float]]]
"""(Set, pair) → the accuracies by way, one for each seed."""


def rows(asked: Any) -> Iterator[dict[str, Any]]:
    """Accuracy on the target's test split, pair by pair, and the means of the differences over the pairs; harm also
    on all of the target's inputs."""
    reached: Reached = defaultdict(list)
    for seed in asked.seeds:
        for group, source, target in pairs(asked.sets):
            first, second = (domain(asked.data, asked.backbones, group, name, seed) for name in (source, target))
            figures, about = _pair(first, second, seed)
            pair = f"{source} to {target}"
            reached[group, pair].append(figures)
            yield from _rows_of({"set": pair, "seed": seed, "group": group}, figures, about)
    yield from summary(reached)


def _rows_of(here: dict[str, Any], figures: dict[str, float], about: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for way in WAYS:
        yield {**here, "figure": way, "value": figures[way], **about}
    gain = figures["kept"] - figures["source only"]
    yield {**here, "figure": "gain over source only", "value": gain, "must": f"at least -{MOST_HARM}"}
    whole = figures["kept" + ALL] - figures["source only" + ALL]
    yield {**here, "figure": "gain over source only" + ALL, "value": whole, "must": f"at least -{MOST_HARM}"}
    more = figures["kept"] - figures["standardised"]
    yield {**here, "figure": "over standardising", "value": more, "must": f"at least -{MOST_BELOW_STANDARDISED}"}


def summary(reached: Reached) -> Iterator[dict[str, Any]]:
    """Means of the ways by set, and of each difference over the pairs, with the worst pair.

    A pair counts once, by its mean over the seeds: seeds share its examples, and are no further pairs. The 95 %
    intervals are over resamples of the pairs.
    """
    means = {
        key: {way: float(np.mean([one[way] for one in seeds])) for way in seeds[0]} for key, seeds in reached.items()
    }
    for group in dict.fromkeys(group for group, _ in means):
        own = [each for (of, _), each in means.items() if of == group]
        for way in WAYS:
            value = float(np.mean([each[way] for each in own]))
            yield {"set": group, "seed": 0, "figure": f"mean {way}", "value": value, "pairs": len(own)}
    against = {
        "source only": f"low end above 0; worst at least -{MOST_HARM}",
        "standardised": f"above 0; worst at least -{MOST_BELOW_STANDARDISED}",
        "choice by labels": f"at least -{MOST_BELOW_LABELS}",
    }
    for way, must in against.items():
        yield _difference(way, {pair: each["kept"] - each[way] for (_, pair), each in means.items()}, must)
    whole = {pair: each["kept" + ALL] - each["source only" + ALL] for (_, pair), each in means.items()}
    yield _difference("source only" + ALL, whole, against["source only"])


def _difference(way: str, by_pair: dict[str, float], must: str) -> dict[str, Any]:
    """The mean over pairs of what is kept over `way`, with its interval and the worst pair."""
    differences = np.array(list(by_pair.values()))
    draws = np.random.default_rng(0).integers(0, len(differences), (5000, len(differences)))
    low, high = np.quantile(differences[draws].mean(axis=1), [0.025, 0.975])
    worst = min(by_pair, key=lambda pair: by_pair[pair])
    return {
        "set": f"{len(differences)} pairs [{100 * low:+.1f}, {100 * high:+.1f}]",
        "seed": 0,
        "figure": f"mean over {way}",
        "value": float(differences.mean()),
        "interval": [float(low), float(high)],
        "worst": [worst, by_pair[worst]],
        "must": f"{must} (worst {100 * by_pair[worst]:+.1f}: {worst})",
    }


def _pair(source: Domain, target: Domain, seed: int) -> tuple[dict[str, float], dict[str, Any]]:
    """Accuracies on the test split of `target` by way; what was kept, and how every adaptation did on both splits."""
    from headstart.core.progress import Progress
    from headstart.experiment.adaptation.adapting import Wish, adapted_to
    from headstart.experiment.adaptation.clock import Clock
    from headstart.strategies._linear_head import fit_linear_head

    model, new, wish = source.model, observed(source, target, "train"), Wish(None, seed=seed)
    made = adapted_to(model, new, wish, _ways(), None, Clock(), Progress(quiet=True))
    features = {part: read(source, target, part) for part in ("train", "test")}
    truth = {part: model.task.encode(target.labels[part]) for part in ("train", "test")}

    def accuracy(head: Any, part: str) -> float:
        with torch.no_grad():
            return float((head(features[part]).argmax(dim=1) == truth[part]).float().mean())

    heads = {SOURCE: model.network.head} | {one.name: one.adapted.network.head for one in made.tried}
    heads |= _others(model, new, wish, heads)
    each = {name: [accuracy(head, part) for part in truth] for name, head in heads.items()}
    kept = [accuracy(made.model.network.head, part) for part in truth]
    sizes = [len(labels) for labels in truth.values()]
    best = max(each, key=lambda name: each[name][0])
    solved = fit_linear_head(model.task, features["train"], truth["train"], torch.ones(len(truth["train"])), seed)
    figures = {
        "source only": each[SOURCE][1],
        "standardised": each[STANDARDISED][1],
        "kept": kept[1],
        "choice by labels": each[best][1],
        "with target labels": accuracy(lambda given: given @ solved.weight.T + solved.bias, "test"),
        "source only" + ALL: float(np.average(each[SOURCE], weights=sizes)),
        "kept" + ALL: float(np.average(kept, weights=sizes)),
    }
    votes = {one.name: one.said_against(made.tried[0]) for one in made.tried[1:]}
    about = {"chosen": made.method or SOURCE, "by_labels": best, "each": each, "votes": votes}
    return figures, {**about, "left_out": made.left_out, "depths": len(model.network.depths)}


def _ways() -> dict[str, Any]:
    """What is tried by default, and beside it, only to be shown, all else that leaves the backbone as it is."""
    from headstart.adaptations import ADAPTATIONS
    from headstart.experiment.adaptation.methods import Way, asked_for

    others = {name: ADAPTATIONS.load(name)() for name in ADAPTATIONS.names()}
    shown = {name: Way(one, may_be_kept=False) for name, one in others.items() if one.depth <= DEEPEST}
    return asked_for() | {name: way for name, way in shown.items() if name not in asked_for()}


def _others(model: Any, new: Any, wish: Any, known: Any) -> dict[str, Any]:
    """Heads by those that were not tried, as where no mismatch was found, whatever was decided."""
    from headstart.core.progress import Progress
    from headstart.experiment.adaptation.clock import Clock
    from headstart.experiment.adaptation.domains import domains_of

    ways = {name: way.adaptation for name, way in _ways().items() if name not in known}
    if ways.keys() <= {FEW_LABELS}:
        return {}
    domains = domains_of(model, new, wish, None, Clock(), Progress(quiet=True))
    return {name: one.adapt(domains).network.head for name, one in ways.items() if not one.missing(domains)}
