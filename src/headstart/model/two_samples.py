"""Whether two samples come from one distribution: a classifier that tells them apart, and how far their means lie.

Both tests are by permutation: if both samples come from one distribution, every way to deal the examples out to them
is equally likely, so p = (1 + number of permutations at least as extreme) / (1 + permutations) is valid at any size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import pdist, squareform
from scipy.stats import rankdata

from headstart.core.standardising import standardised

PERMUTATIONS = 999
FOLDS = 5
PENALTY = 1.0
"""Of the classifier, in units of an example's own squared length."""


@dataclass(frozen=True)
class Separation:
    """How well the second sample can be told from the first.

    Attributes
    ----------
    value : the statistic, 0.5 (AUC) or 0 (MMD) where they cannot be told apart.
    p_value : the chance of a value as high if both come from one distribution.
    scores : (m + n,) how much each example looks like the second sample, judged by the others; empty for MMD.
    """

    value: float
    p_value: float
    scores: np.ndarray


def classifier_test(first: np.ndarray, second: np.ndarray, seed: int = 0, draws: int = PERMUTATIONS) -> Separation:
    """Classifier two-sample test (Lopez-Paz & Oquab 2017, arXiv:1610.06545), by cross-validated AUC.

    The classifier is linear and penalised. It is fitted by least squares instead of the logistic loss: its answers
    are then linear in the labels, ŷ = A y, with A from the features alone, so that refitting it for every
    permutation is one product. The AUC is averaged over the folds, and labels are permuted within them.

    Parameters
    ----------
    first, second : (m, D) and (n, D) features.
    """
    both = standardised(np.concatenate([first, second]))
    labels = np.repeat([0.0, 1.0], [len(first), len(second)])
    random = np.random.default_rng(seed)
    folds = _folds(labels, random)
    dealt = np.concatenate([labels[:, None], _permuted(labels, folds, draws, random)], axis=1)
    kernel = both @ both.T / both.shape[1]
    scores, areas = np.zeros(len(both)), np.zeros(draws + 1)
    for fold in folds:
        rest = np.setdiff1d(np.arange(len(both)), fold)
        answers = _answers(kernel, rest, fold, dealt[rest])
        scores[fold] = answers[:, 0]
        pairs = dealt[fold, 0].sum() * (1 - dealt[fold, 0]).sum()
        areas += pairs * auc(answers, dealt[fold])
    areas /= sum(dealt[fold, 0].sum() * (1 - dealt[fold, 0]).sum() for fold in folds)
    return Separation(float(areas[0]), _p_value(areas), scores)


def within_groups(told: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> float:
    """The mean AUC of scores `told` (N,) for `labels` (N,) 0 or 1 within each group, by the number of ones in it.

    Two samples of the same groups in another mixture are told apart by the group alone; not so within one. 0.5 where
    no group holds both.
    """
    areas, ones = [], []
    for group in np.unique(groups):
        inside = groups == group
        if 0 < labels[inside].sum() < inside.sum():
            areas.append(float(auc(told[inside, None], labels[inside, None])[0]))
            ones.append(float(labels[inside].sum()))
    return float(np.average(areas, weights=ones)) if areas else 0.5


def mmd_test(first: np.ndarray, second: np.ndarray, seed: int = 0, draws: int = PERMUTATIONS) -> Separation:
    """Maximum mean discrepancy (Gretton et al. 2012, JMLR 13:723), a Gaussian kernel of the median distance's width.

    MMD² = mean k(x, x') + mean k(y, y') - 2 mean k(x, y), the means without pairs of an example with itself (their
    equation 3); ``value`` is its root, 0 where it is negative.
    """
    both = standardised(np.concatenate([first, second]))
    distances = pdist(both)
    width = float(np.median(distances)) or 1.0
    kernel = squareform(np.exp(-(distances**2) / (2 * width**2)))  # 0 on the diagonal
    labels = np.repeat([0.0, 1.0], [len(first), len(second)])
    random = np.random.default_rng(seed)
    others = np.stack([random.permutation(labels) for _ in range(draws)], axis=1)
    dealt = np.concatenate([labels[:, None], others], axis=1)
    to_second = kernel @ dealt
    within = (dealt * to_second).sum(axis=0)
    across = ((1 - dealt) * to_second).sum(axis=0)
    rest = kernel.sum() - within - 2 * across
    m, n = len(first), len(second)
    squared = rest / (m * (m - 1)) + within / (n * (n - 1)) - 2 * across / (m * n)
    return Separation(float(np.sqrt(max(squared[0], 0.0))), _p_value(squared), np.zeros(0))


def auc(answers: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(B,) area under the ROC curve of (N, B) answers for (N, B) labels 0 or 1; equal answers count half.

    Mann & Whitney 1947: (sum of the ranks of the ones - n (n + 1) / 2) / (m n).
    """
    ones = labels.sum(axis=0)
    ranks = rankdata(answers, axis=0)
    pairs = np.maximum(ones * (len(labels) - ones), 1)
    return ((ranks * labels).sum(axis=0) - ones * (ones + 1) / 2) / pairs


def _folds(labels: np.ndarray, random: np.random.Generator) -> list[np.ndarray]:
    """Places of the examples of each fold, both samples spread evenly; as many as the smaller sample allows."""
    count = int(min(FOLDS, labels.sum(), (1 - labels).sum()))
    parts = [np.array_split(random.permutation(np.flatnonzero(labels == side)), count) for side in (0, 1)]
    return [np.sort(np.concatenate(pair)) for pair in zip(parts[0], parts[1][::-1], strict=True)]


def _permuted(labels: np.ndarray, folds: list[np.ndarray], draws: int, random: np.random.Generator) -> np.ndarray:
    """(N, B) labels dealt out anew within each fold."""
    dealt = np.zeros((len(labels), draws))
    for fold in folds:
        dealt[fold] = random.permuted(np.repeat(labels[fold][:, None], draws, axis=1), axis=0)
    return dealt


def _answers(kernel: np.ndarray, rest: np.ndarray, fold: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(|fold|, B) answers of the classifiers fitted on `rest` with (|rest|, B) labels, up to a constant each."""
    inner = kernel[np.ix_(rest, rest)]
    mean = inner.mean(axis=0)
    centred = inner - mean - mean[:, None] + mean.mean()
    weights = np.linalg.solve(centred + PENALTY * np.eye(len(rest)), labels - labels.mean(axis=0))
    return (kernel[np.ix_(fold, rest)] - mean) @ weights


def _p_value(values: np.ndarray) -> float:
    """The share of all deals, the real one (the first) among them, whose value is at least the real one's."""
    return float((values >= values[0] - 1e-12).mean())
