"""Each class against all others: AUROC, sensitivity, specificity, and the threshold that held-out examples choose."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from headstart.core.by_class import AT_LEAST, ByClass, Wanted
from headstart.core.errors import UsageError
from headstart.core.results import Figure
from headstart.core.statistics import Z_95, ranks, wilson
from headstart.core.trade_offs import TradeOff, points_of

MOST = 200
"""Of more classes nobody reads each."""

_KEY, _WANTED = "threshold_{}", "wanted_"
_NEAR = 1e-9
_HALVINGS = 50
"""Of the bracket of an end: then it is as narrow as numbers are. scipy's solver takes half a second to import."""


def auroc(scores: np.ndarray, truth: np.ndarray) -> Figure:
    """The chance that a member of the class has a higher score than another, ties half, with its 95 % interval.

    Newcombe (2006), "Confidence intervals for an effect size measure based on the Mann-Whitney statistic. Part 2",
    method 5: all θ with |θ̂ - θ| ≤ z √V(θ), V(θ) = θ(1-θ) [1 + N (1-θ)/(2-θ) + N θ/(1+θ)] / mn and N = (m+n)/2 - 1,
    for m members and n others. As Wilson's it stays within [0, 1], and is no point where no pair is wrong.
    NaN within [0, 1] where there are no members or no others.
    """
    members, others = int(truth.sum()), int((~truth).sum())
    if not members or not others:
        return Figure(math.nan, 0.0, 1.0)
    above = ranks(scores)[truth].sum() - members * (members - 1) / 2
    value = float(above / (members * others))
    return Figure(value, _bound(value, 0.0, members, others), _bound(value, 1.0, members, others))


def _bound(value: float, end: float, members: int, others: int) -> float:
    """Where the interval ends towards `end`, 0 or 1."""
    half = (members + others) / 2 - 1

    def beyond(theta: float) -> float:
        spread = 1 + half * (1 - theta) / (2 - theta) + half * theta / (1 + theta)
        return (value - theta) ** 2 - Z_95**2 * theta * (1 - theta) * spread / (members * others)

    if value == end:
        return end
    outside, inside = end, min(max(value, _NEAR), 1 - _NEAR)  # at 0 and 1 themselves V is nought
    for _ in range(_HALVINGS):
        middle = (outside + inside) / 2
        outside, inside = (middle, inside) if beyond(middle) > 0 else (outside, middle)
    return inside


def youden(scores: np.ndarray, truth: np.ndarray) -> float:
    """The threshold of the largest sensitivity + specificity - 1, half way between two scores.

    Youden (1950), "Index for rating diagnostic tests". A score of at least the threshold is taken for the class.
    `truth` holds members and others.
    """
    order = np.argsort(-scores, kind="stable")
    scores, truth = scores[order], truth[order]
    gained = np.cumsum(truth) / truth.sum() - np.cumsum(~truth) / (~truth).sum()
    last = np.append(scores[1:] < scores[:-1], False)  # only between two scores can a threshold lie
    if not last.any():
        return float(scores[0])
    best = int(np.argmax(np.where(last, gained, -np.inf)))
    return float((scores[best] + scores[best + 1]) / 2)


def reaching(scores: np.ndarray, truth: np.ndarray, wanted: Wanted) -> float:
    """The threshold of at least the `wanted` figure at the least cost to the other, half way between two scores.

    Sensitivity s takes the ⌈s m⌉ highest of m members, specificity s leaves the ⌈s n⌉ lowest of n others.
    """
    own = np.sort(scores[truth])[::-1] if wanted.figure == "sensitivity" else np.sort(scores[~truth])
    edge = own[max(1, math.ceil(wanted.share * len(own) - _NEAR)) - 1]
    if wanted.figure == "sensitivity":
        lower = scores[scores < edge]
        return float((edge + lower.max()) / 2) if len(lower) else float(edge)
    higher = scores[scores > edge]
    return float((edge + higher.min()) / 2) if len(higher) else float(np.nextafter(edge, np.inf))


def thresholds(
    scores: np.ndarray, truth: np.ndarray, choose: Callable[[np.ndarray, np.ndarray], float] = youden
) -> dict[str, float]:
    """For calibration: the threshold of each class (N, C) of which there are members and others."""
    if scores.shape[1] > MOST:
        return {}
    both = [c for c in range(scores.shape[1]) if truth[:, c].any() and not truth[:, c].all()]
    return {_KEY.format(c): choose(scores[:, c], truth[:, c]) for c in both}


def wanted_thresholds(scores: np.ndarray, truth: np.ndarray, wanted: Wanted) -> dict[str, float]:
    """For calibration: the thresholds that reach what is `wanted`, and what that is.

    Raises
    ------
    UsageError : there are so many classes that none has a threshold.
    """
    if (classes := scores.shape[1]) > MOST:
        raise UsageError(
            f"--{wanted.figure} chooses a threshold for each of up to {MOST} classes, and these are {classes}: "
            "leave it out, or merge classes."
        )
    return {**thresholds(scores, truth, partial(reaching, wanted=wanted)), _WANTED + wanted.figure: wanted.share}


def by_class(
    names: Sequence[str],
    scores: np.ndarray,
    truth: np.ndarray,
    predicted: np.ndarray,
    calibration: Mapping[str, float],
) -> ByClass | None:
    """``{"auroc": {class: [value, low, high]}, "sensitivity": …, "specificity": …, "operating_point": …}``.

    Parameters
    ----------
    scores : (N, C) calibrated probabilities. truth, predicted : (N, C) booleans.
    calibration : holds the thresholds of the operating points.
    """
    if len(names) > MOST:
        return None
    columns = [(name, scores[:, c], truth[:, c], predicted[:, c]) for c, name in enumerate(names)]
    chosen = [calibration.get(_KEY.format(c)) for c in range(len(names))]
    promised = {key.removeprefix(_WANTED): share for key, share in calibration.items() if key.startswith(_WANTED)}
    asked = {AT_LEAST: promised} if promised else {}
    return {
        "auroc": {name: list(auroc(p, t)) for name, p, t, _ in columns},
        "sensitivity": {name: list(sensitivity(t, yes)) for name, _, t, yes in columns},
        "specificity": {name: list(specificity(t, yes)) for name, _, t, yes in columns},
        "operating_point": {
            name: {
                **asked,
                "threshold": at,
                "sensitivity": list(sensitivity(t, p >= at)),
                "specificity": list(specificity(t, p >= at)),
            }
            for (name, p, t, _), at in zip(columns, chosen, strict=True)
            if at is not None
        },
    }


def trade_offs(names: Sequence[str], scores: np.ndarray, truth: np.ndarray, taken: np.ndarray) -> list[TradeOff]:
    """Precision against recall of each class that has members; `taken` (N, C) is what is predicted."""
    columns = [(name, scores[:, c], truth[:, c], taken[:, c]) for c, name in enumerate(names)]
    return [
        TradeOff(name, points_of(p, t, int(t.sum())), int((t & y).sum()), int((t & ~y).sum()), int((~t & y).sum()))
        for name, p, t, y in columns
        if t.any()
    ]


def sensitivity(truth: np.ndarray, taken: np.ndarray) -> Figure:
    """The share of the members that are taken for such, with Wilson's interval."""
    return wilson(int((truth & taken).sum()), int(truth.sum()))


def specificity(truth: np.ndarray, taken: np.ndarray) -> Figure:
    """The share of the others that are not, with Wilson's interval."""
    return wilson(int((~truth & ~taken).sum()), int((~truth).sum()))
