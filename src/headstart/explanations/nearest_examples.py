"""Nearest examples: the training examples that look most alike to the network, for each label."""

from __future__ import annotations

import numpy as np
import torch

from headstart.core.statistics import wilson
from headstart.explanations.base import Asked, Check, Explained, Explanation, Known, Neighbour
from headstart.model.novelty import to_directions

A_LABEL = 3
LABELS = 5
"""So many examples of each of so many labels, the nearest first."""

_AT_ONCE = 1024
_MOST = 5000


class NearestExamples(Explanation):
    """Training examples by the cosine between the backbone's last features, as ``model/novelty.py`` compares them.

    The cosine leaves out how long a feature vector is, which tells contrast and length more than content.
    """

    def unsuited(self, asked: Asked) -> str | None:
        if asked.known is None or not len(asked.known.ids):
            return "the model holds no training features; fit it again with this version"
        return None

    def explain(self, asked: Asked) -> Explained:
        """Up to 3 examples of each of the 5 labels that come nearest; of the target in any case."""
        if asked.known is None:
            return Explained()
        with torch.no_grad():
            mine = asked.network.backbone.features(asked.batch).float().cpu().numpy()
        alike = np.clip(to_directions(mine) @ to_directions(asked.known.features).T, -1, 1)[0]
        return Explained(neighbours=tuple(_chosen(asked.known, alike, asked.aim.name)))

    def checks(self, asked: Asked, explained: Explained, seed: int = 0, curves: bool = True) -> list[Check]:
        """How often the nearest other training example has an example's own label, over the training examples."""
        if asked.known is None or len(set(asked.known.labels)) < 2:
            return []
        same, count = _same_label(asked.known, seed)
        chance = _chance(asked.known)
        figure = wilson(same, count)
        passed = figure.low > chance
        verdict = "near means alike here" if passed else "near means little here, and is not to be trusted"
        summary = (
            f"Of {count} training examples {same} ({100 * figure.value:.0f} %) have the label of the nearest other; "
            f"by chance it would be {100 * chance:.0f} %: {verdict}."
        )
        return [Check("same_label", figure, passed, summary, decides=True)]


def _chosen(known: Known, alike: np.ndarray, target: str) -> list[Neighbour]:
    taken: dict[str, list[Neighbour]] = {}
    for place in np.argsort(-alike, kind="stable"):
        label = str(known.labels[place])
        # One place is kept for the target, however far its examples are.
        room = LABELS if target in taken or label == target else LABELS - 1
        if label not in taken and len(taken) >= room:
            continue
        if len(row := taken.setdefault(label, [])) < A_LABEL:
            row.append(Neighbour(label, str(known.ids[place]), float(alike[place])))
    return sorted((each for row in taken.values() for each in row), key=lambda each: -each.similarity)


def _same_label(known: Known, seed: int) -> tuple[int, int]:
    """How many of at most 5,000 training examples have the label of their nearest other, and of how many."""
    features, labels = to_directions(known.features), np.array([str(label) for label in known.labels])
    count = len(labels)
    rows = np.arange(count)
    if count > _MOST:
        rows = np.sort(np.random.default_rng(seed).choice(count, _MOST, replace=False))
    same = 0
    for part in np.array_split(rows, max(1, len(rows) // _AT_ONCE)):
        alike = features[part] @ features.T
        alike[np.arange(len(part)), part] = -np.inf
        same += int((labels[alike.argmax(axis=1)] == labels[part]).sum())
    return same, len(rows)


def _chance(known: Known) -> float:
    """How often two training examples drawn at random have one label: Σ (n_c / n)²."""
    _, counts = np.unique([str(label) for label in known.labels], return_counts=True)
    return float(((counts / counts.sum()) ** 2).sum())
