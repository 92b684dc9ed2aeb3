"""Nearest examples: the training examples that look most alike to the network, for each label."""

from __future__ import annotations

from collections import Counter

import numpy as np
import torch

from headstart.core.statistics import wilson
from headstart.explanations.base import Asked, Check, Explained, Explanation, Neighbour
from headstart.model.novelty import to_directions

A_LABEL = 3
LABELS = 5
"""So many examples of each of so many labels, the nearest first."""

NEAREST = 5
"""So many where examples are not of one label each."""


class NearestExamples(Explanation):
    """Training examples by the cosine between the backbone's last features, as ``model/novelty.py`` compares them.

    The cosine leaves out how long a feature vector is, which tells contrast and length more than content.
    """

    def unsuited(self, asked: Asked) -> str | None:
        if asked.known is None or not len(asked.known.ids):
            return "the model holds no training features; fit it again with this version"
        return None

    def explain(self, asked: Asked) -> Explained:
        """Up to 3 examples of each of the 5 labels that come nearest, of the target in any case; or the 5 nearest,
        where they are not of one label each."""
        known = asked.known
        if known is None:
            return Explained()
        with torch.no_grad():
            mine = asked.network.backbone.features(asked.batch).float().cpu().numpy()
        alike = np.clip(to_directions(mine) @ known.directions.T, -1, 1)[0]
        order = np.argsort(-alike, kind="stable")
        chosen = _chosen(known.classes, order, asked.aim.name) if known.exclusive else order[:NEAREST].tolist()
        near = (Neighbour(str(known.labels[i]), str(known.ids[i]), float(alike[i])) for i in chosen)
        return Explained(neighbours=tuple(near))

    def checks(self, asked: Asked, explained: Explained, seed: int = 0, curves: bool = True) -> list[Check]:
        """How often the nearest other training example has an example's own label, over the training examples."""
        known = asked.known
        if known is None or not known.exclusive or len(set(known.classes)) < 2:
            return []
        same, count = known.same_label
        figure = wilson(same, count)
        passed = figure.low > known.chance
        verdict = "near means alike here" if passed else "near means little here, and is not to be trusted"
        summary = (
            f"Of {count} training examples {same} ({100 * figure.value:.0f} %) have the label of the nearest other; "
            f"by chance it would be {100 * known.chance:.0f} %: {verdict}."
        )
        return [Check("same_label", figure, passed, summary, decides=True)]


def _chosen(labels: list[str], order: np.ndarray, target: str) -> list[int]:
    """Places of a few examples of a few labels, in `order`, which is from the nearest to the farthest."""
    taken: Counter[str] = Counter()
    chosen = []
    for place in order.tolist():
        label = labels[place]
        # One place is kept for the target, however far its examples are.
        room = LABELS if target in taken or label == target else LABELS - 1
        if label not in taken and len(taken) >= room:
            continue
        if taken[label] < A_LABEL:
            taken[label] += 1
            chosen.append(place)
    return chosen
