"""The accuracy to expect on new examples without labels, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from headstart.core.results import Figure
from headstart.core.statistics import Z_95

TRANSPORTED = 500
"""At most so many examples are matched with labels: the matching takes the cube of it."""

CLEARLY_SHIFTED = 0.25
"""Above chance by so much, telling new from held-out examples of one class means that the inputs changed."""


SPREAD = 0.5
"""How far the interval reaches towards the estimator that disagrees most."""


@dataclass(frozen=True)
class HeldOut:
    """Held-out examples: ``confidence`` and ``right`` (h,), the classes' ``shares`` (C,), and the ``agreement``
    (0 … 1) of the predictions with the nearest training examples. Without classes ``shares`` is empty."""

    confidence: np.ndarray
    right: np.ndarray
    shares: np.ndarray
    agreement: float


@dataclass(frozen=True)
class New:
    """New examples: ``confidence`` (N,), probabilities ``probable`` (N, C), their ``agreement``, and how well, as an
    AUC, they are told from held-out examples for which the same class is predicted (``within_classes``)."""

    confidence: np.ndarray
    probable: np.ndarray
    agreement: float
    within_classes: float


def estimate(held: HeldOut, new: New) -> Figure:
    """The share of predictions to expect right, with an interval that grows with what other estimators say.

    Where the inputs of a class look as they did, only how common the classes are may have changed: the estimate is
    then the difference of confidences. Where the inputs changed, a network is confident without reason; the estimate
    is then that of optimal transport, times how much less the nearest training examples agree than before. In
    between it is a mixture by ``within_classes``. Training examples that disagree with the head betray a network
    that is wrong (Jiang et al. 2022, arXiv:2106.13799; Baek et al. 2022, arXiv:2206.13089).

    The interval reaches half-way to the farthest of the estimators here, and the sampling error of both samples more.
    """
    before = float(held.right.mean())
    others = [difference_of_confidences(held, new.confidence), thresholded_confidence(held, new.confidence)]
    value = others[0]
    if len(held.shares):
        moved = optimal_transport(new.probable, held.shares)
        discounted = moved * min(1.0, new.agreement / max(held.agreement, 1e-9))
        shift = min(max((new.within_classes - 0.5) / CLEARLY_SHIFTED, 0.0), 1.0)
        value = shift * discounted + (1 - shift) * value
        others += [shift * moved + (1 - shift) * value]
    spread = max(abs(other - value) for other in others)
    sampling = _variance(value, len(new.confidence)) + _variance(before, len(held.right))
    half = SPREAD * spread + Z_95 * math.sqrt(sampling)
    return Figure(value, max(0.0, value - half), min(1.0, value + half))


def thresholded_confidence(held: HeldOut, confidence: np.ndarray) -> float:
    """Average thresholded confidence (Garg et al. 2022, arXiv:2201.04234).

    The share of `confidence` (N,) at or above t, where as many held-out examples lie below t as are wrong.
    """
    wrong = round(float((1 - held.right).sum()))
    if wrong == len(held.right):
        return 0.0
    return float((confidence >= np.sort(held.confidence)[wrong]).mean())


def difference_of_confidences(held: HeldOut, confidence: np.ndarray) -> float:
    """Held-out accuracy - (mean held-out confidence - mean new one), Guillory et al. 2021, arXiv:2107.03315."""
    return float(np.clip(held.right.mean() - held.confidence.mean() + confidence.mean(), 0, 1))


def optimal_transport(probable: np.ndarray, shares: np.ndarray) -> float:
    """1 - the cost of moving the predicted probabilities onto labels as common as before (Lu et al. 2023, COT,
    arXiv:2305.15640).

    Each example is given a label, so that every class gets its share of them and Σ (1 - p of the label given) is
    least. A network that takes everything for one class cannot look right, however confident it is.

    Parameters
    ----------
    probable : (N, C). shares : (C,) how common each class was among held-out examples, summing to 1.
    """
    from scipy.optimize import linear_sum_assignment  # takes half a second, and every loaded model imports this file

    places = np.linspace(0, len(probable) - 1, min(len(probable), TRANSPORTED)).round().astype(int)
    labels = np.repeat(np.arange(len(shares)), _counts(shares, len(places)))
    cost = 1 - probable[places][:, labels]
    return float(1 - cost[linear_sum_assignment(cost)].mean())


def agreement(nearest: np.ndarray, classes: np.ndarray, predicted: np.ndarray) -> float:
    """How often the prediction is what most of the nearest training examples are; a draw counts as a share.

    Parameters
    ----------
    nearest : (N, k) places among the training examples. classes : (n,) theirs. predicted : (N,) the predictions.
    """
    votes = classes[nearest]
    own = (votes == predicted[:, None]).sum(axis=1)
    counts = np.stack([(votes == label).sum(axis=1) for label in np.unique(classes)], axis=1)
    most = counts.max(axis=1)
    return float(np.where(own == most, 1 / (counts == most[:, None]).sum(axis=1), 0.0).mean())


def _variance(share: float, count: int) -> float:
    """Of a share of `count`, with two successes and two failures added (Agresti & Coull 1998): never 0."""
    adjusted = (share * count + 2) / (count + 4)
    return adjusted * (1 - adjusted) / (count + 4)


def _counts(shares: np.ndarray, total: int) -> np.ndarray:
    """`shares` of `total` as whole numbers, the largest remainders rounded up (Hamilton's method)."""
    counts = np.floor(shares * total).astype(int)
    remainders = np.argsort(-(shares * total - counts), kind="stable")
    counts[remainders[: total - counts.sum()]] += 1
    return counts
