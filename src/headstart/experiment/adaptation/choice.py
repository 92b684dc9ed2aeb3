"""Judges adaptations without labels, and decides whether one is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.stats import rankdata
from scipy.stats import t as student

from headstart.adaptations.base import Adapted, Domains, probabilities
from headstart.core.results import Finding
from headstart.core.standardising import standardised
from headstart.experiment.adaptation.class_shares import rare_classes
from headstart.validators import VALIDATORS, figures_of
from headstart.validators.base import Seen

PARTS = 5
"""Both domains are divided into so many parts, each pair judged by itself, to see how far a difference is chance."""

DIVISIONS, JUDGED = (5, 25), 50_000
"""So often at least and at most they are divided anew, for a vote that one division gives is often taken back by the
next: until about so many examples were judged in all, more often where there are few and chance weighs most."""

SKETCHED, DIRECTIONS = 400, 128
"""Examples of each domain from which principal directions are found, and how many of these validators look at."""

CERTAIN = 0.975
"""Quantile of Student's t beyond which a difference is no chance: one vote in twenty is, for or against."""

SEVERAL, FOR_EACH_AGAINST = 2, 3
"""So many validators must prefer a candidate, and so many for each that is against it: what looks at answers alone
(two of six) is pleased by any that are sure and even, as self-training makes them, and must not outvote one more."""

TRAINS = 3
"""The depth from which an adaptation changes the backbone."""

CONSENSUS = 0.4
"""Cohen's κ above which two raters agree more than fairly (Landis & Koch 1977)."""

FEW_LABELS = (
    "One to three labels for each class, and ten at least in all (--labels-for FILE; `headstart label` says which), "
    "would tell more than any figure without"
)


@dataclass(frozen=True)
class Tried:
    """A candidate, with the figures of each validator by division and part, (D, PARTS), by name.

    ``depth`` is that of the adaptation, 0 for the source model. ``may_be_kept`` is False for what is only shown.
    """

    name: str
    summary: str
    depth: int
    adapted: Adapted
    probable: np.ndarray
    parts: dict[str, np.ndarray]
    seconds: float
    may_be_kept: bool = True

    @property
    def figures(self) -> dict[str, float]:
        """Each validator's mean over all parts."""
        return {name: float(values.mean()) for name, values in self.parts.items()}

    def to_json(self) -> dict[str, Any]:
        """The candidate as a plain object."""
        return {
            "method": self.name,
            "validators": self.figures,
            "seconds": round(self.seconds, 2),
            "may_be_kept": self.may_be_kept,
        }

    def said_against(self, source: Tried) -> str:
        """``4 of 5 validators``, those that prefer it to the source model."""
        votes = preferences(self, source)
        return f"{_count(votes, 1)} of {len(votes)}, {_count(votes, -1)} against"


@dataclass(frozen=True)
class Choice:
    """What is kept: the candidate's ``name`` and what was ``adapted``, None for the source model, and why.

    ``probable`` (N, C) are its answers for the new inputs.
    """

    name: str
    adapted: Adapted | None
    reason: str
    findings: list[Finding] = field(default_factory=list)
    probable: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    seconds: float = 0.0


def judged(name: str, summary: str, domains: Domains, made: Adapted, depth: int, seconds: float) -> Tried:
    """A candidate with what every validator says of it."""
    probable = probabilities(made.outputs, domains.temperature)
    source, target = reduced(made.source, made.target, domains.seed)
    said = cross_fitted(source, domains.classes, target, probable)
    figures = [
        [figures_of(Seen(target[i], probable[i], source[j], domains.classes[j], said[j])) for i, j in division]
        for division in divisions(len(target), len(source), domains.seed)
    ]
    parts = {name: np.array([[part[name] for part in each] for each in figures]) for name in figures[0][0]}
    return Tried(name, summary, depth, made, probable, parts, seconds)


def divisions(new: int, known: int, seed: int) -> list[list[tuple[np.ndarray, np.ndarray]]]:
    """The places of the new inputs and of the source examples in each part, division by division; the same for all
    candidates."""
    random = np.random.default_rng(seed)
    often = int(np.clip(JUDGED // max(new, known), *DIVISIONS))
    split = [[np.array_split(random.permutation(count), PARTS) for count in (new, known)] for _ in range(often)]
    return [list(zip(*both, strict=True)) for both in split]


def reduced(source: np.ndarray, target: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Both domains' features on their first principal directions, (n, K) and (N, K), so that judging costs little.

    They keep the place of nought, to which angles between features refer.
    """
    random = np.random.default_rng(seed)
    some = [part[np.sort(random.permutation(len(part))[:SKETCHED])] for part in (source, target)]
    directions = np.linalg.svd(np.concatenate(some).astype(np.float64), full_matrices=False)[2][:DIRECTIONS].T
    return source @ directions, target @ directions


def cross_fitted(source: np.ndarray, classes: np.ndarray, target: np.ndarray, probable: np.ndarray) -> np.ndarray:
    """(n, C) what a least-squares head says of each source example that learnt from the other half of them.

    It learns from the new inputs with the candidate's answers too: where these are wrong, the source examples that
    look like them are judged wrongly.
    """
    truth = np.eye(probable.shape[1])[classes]
    said = np.zeros_like(truth)
    order = np.random.default_rng(0).permutation(len(source))
    both = standardised(np.concatenate([source, target])) / np.sqrt(source.shape[1])
    for part, rest in ((order[::2], order[1::2]), (order[1::2], order[::2])):
        learnt = both[np.concatenate([rest, np.arange(len(source), len(both))])]
        wanted = np.concatenate([truth[rest], probable])
        centre = wanted.mean(axis=0)
        inner = learnt.T @ learnt + np.eye(learnt.shape[1])
        said[part] = both[part] @ np.linalg.solve(inner, learnt.T @ (wanted - centre)) + centre
    return said


def choose(domains: Domains, tried: Sequence[Tried]) -> Choice:
    """The candidate that the validators agree on, or the source model, the first of `tried`.

    A validator prefers a candidate where its figure is higher than the source model's, part by part of both domains,
    beyond chance (paired t-test). They agree where at least two prefer it, three for each that is against it.
    Of several on which they agree, the deepest is kept, since it begins with what the shallower does; of equally deep
    ones that with the best mean rank. Validators are used to refuse, not to choose: between adaptations of different
    kinds they choose badly (Musgrave et al. 2022, arXiv:2208.07360), and prefer those that make them look good. One
    that trains the backbone may take one class for another and look sound to all of them: it must also agree with the
    deepest of the others on which they agree, or with the source model, and they must prefer it to that one too. From
    photos to sketches SHOT (30 % right) was preferred to the source model (19 %) and to self-training (45 %), as long
    as validators had a vote that SHOT trains by.
    """
    findings = rare_classes(domains, calm_answers(tried))
    votes = {one.name: preferences(one, tried[0]) for one in tried[1:]}
    agreed = [one for one in tried[1:] if one.may_be_kept and _agree(votes[one.name])]
    calm = max((one for one in agreed if one.depth < TRAINS), key=lambda one: one.depth, default=tried[0])
    passed_over = {one.name: why for one in agreed if one.depth >= TRAINS and (why := _why_passed_over(one, calm))}
    agreed = [one for one in agreed if one.name not in passed_over]
    if not agreed:
        return Choice("", None, _why_not(tried, votes), findings)
    deepest = max(one.depth for one in agreed)
    agreed = [one for one in agreed if one.depth == deepest]
    ranks = mean_ranks([{name: one.figures[name] for name in votes[one.name]} for one in agreed])
    best = min(range(len(agreed)), key=lambda i: ranks[i])
    one, given = agreed[best], votes[agreed[best].name]
    reason = f"{_count(given, 1)} of {len(given)} validators prefer it to the source model, {_against(given)}"
    for name, why in passed_over.items():
        reason += f"; {name} is preferred to the source model too, but {why}"
    return Choice(one.name, one.adapted, reason, findings, one.probable, one.seconds)


def _why_passed_over(one: Tried, calm: Tried) -> str:
    """Why what trains the backbone may not take the place of `calm`, which does not; empty where it may."""
    if consensus(one, calm) < CONSENSUS:
        return f"gives other classes than {calm.name}"
    return "" if _agree(preferences(one, calm)) else f"not to {calm.name}"


def consensus(one: Tried, other: Tried) -> float:
    """Cohen's κ of the classes that two candidates give: 1 where all are the same, 0 where that is chance."""
    first, second = one.probable.argmax(axis=1), other.probable.argmax(axis=1)
    count = one.probable.shape[1]
    shares = [np.bincount(each, minlength=count) / len(each) for each in (first, second)]
    chance = float(shares[0] @ shares[1])
    return (float((first == second).mean()) - chance) / (1 - chance) if chance < 1 else 1.0


def preferences(candidate: Tried, source: Tried) -> dict[str, int]:
    """For each validator 1 where it prefers the candidate, -1 where the source model, 0 where that may be chance.

    Those that networks are trained by say nothing of what trains the backbone: what has become the aim of training,
    as sure and even answers are that of SHOT, is reached whatever the classes are.
    """
    most, trains = len(candidate.probable) - 1, candidate.depth >= TRAINS
    asked = [name for name in candidate.parts if not (trains and VALIDATORS.load(name).is_an_objective)]
    return {name: _sign(candidate.parts[name] - source.parts[name], most) for name in asked}


def _sign(difference: np.ndarray, most: int) -> int:
    """Of the mean of paired differences (D, PARTS), 0 where it is no more than chance (two-sided t-test).

    All divisions are of the same examples, so the error of the mean is that of one division. Its variance is averaged
    over all, each of which was drawn by itself and adds the freedom of its parts, PARTS - 1; `most` at all, one less
    than there are examples.
    """
    mean, error = float(difference.mean()), (float(difference.var(axis=-1, ddof=1).mean()) / PARTS) ** 0.5
    critical = float(student.ppf(CERTAIN, min(difference.size - len(difference), most)))
    return int(np.sign(mean)) if abs(mean) > critical * error + 1e-12 else 0


def _agree(votes: Mapping[str, int]) -> bool:
    return _count(votes, 1) >= max(SEVERAL, FOR_EACH_AGAINST * _count(votes, -1))


def _count(votes: Mapping[str, int], side: int) -> int:
    return sum(vote == side for vote in votes.values())


def _against(votes: Mapping[str, int]) -> str:
    against = [name.replace("_", " ") for name, vote in votes.items() if vote < 0]
    return f"{' and '.join(against)} would rather not" if against else "and none prefers the source model"


def _why_not(tried: Sequence[Tried], votes: Mapping[str, Mapping[str, int]]) -> str:
    if not votes:
        return f"nothing was tried. {FEW_LABELS}"
    able = {one.name: votes[one.name] for one in tried[1:] if one.may_be_kept}
    better = [one for one in tried[1:] if _agree(votes[one.name])]
    apart = [one.name for one in better if one.may_be_kept]  # only one that gives other classes is left then
    if apart:
        why = (
            f"{' and '.join(apart)}: the validators agree, but the classes given are others than by what leaves the "
            "backbone as it is"
        )
    elif able:
        most = max(able, key=lambda name: _count(able[name], 1) - _count(able[name], -1))
        such = "any adaptation" if len(able) == len(votes) else "any adaptation that may be kept unasked"
        why = f"the validators do not agree that {such} is better ({most}: {_votes(able[most])})"
    else:
        why = "none that was tried may be kept unasked"
    if shown := [one for one in better if not one.may_be_kept]:
        said = "; ".join(f"{one.name}: {_votes(votes[one.name])}" for one in shown)
        why += f"; they prefer what is kept only where it is named (--methods) or by labels ({said})"
    return f"{why}. {FEW_LABELS}"


def _votes(votes: Mapping[str, int]) -> str:
    return f"{_count(votes, 1)} of {len(votes)} for it, {_count(votes, -1)} against"


def mean_ranks(figures: Sequence[Mapping[str, float]]) -> np.ndarray:
    """(K,) the mean over the validators of each candidate's rank, 1 the highest figure; equal ones share theirs."""
    table = np.array([[each[name] for name in figures[0]] for each in figures])
    return np.asarray(rankdata(-table, axis=0).mean(axis=1))


def calm_answers(tried: Sequence[Tried]) -> list[np.ndarray]:
    """Probabilities (N, C) by the source model and by what only moves features."""
    return [one.probable for one in tried if one.depth <= 1]
