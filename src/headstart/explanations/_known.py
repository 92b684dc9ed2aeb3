"""Training examples as an explanation knows them: where they lie, and whether near ones have the same label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from headstart.core.labelling import PREDICTED
from headstart.model.novelty import to_directions

_AT_ONCE = 1024
_MOST = 5000


@dataclass(frozen=True)
class Known:
    """Training examples: the backbone's last features (n, D), and n ids and labels.

    ``exclusive`` says whether each has one label of several. Of numbers, sets of labels and several targets hardly
    two are the same, so nothing follows from that.
    """

    features: np.ndarray
    ids: Sequence[str]
    labels: Sequence[str]
    exclusive: bool = True

    @cached_property
    def directions(self) -> np.ndarray:
        """The features (n, D) with length 1."""
        return to_directions(self.features)

    @cached_property
    def classes(self) -> list[str]:
        """The n labels, those that a model gave like all others."""
        return [str(label).removesuffix(PREDICTED) for label in self.labels]

    @cached_property
    def same_label(self) -> tuple[int, int]:
        """How many of at most 5,000 examples have the label of their nearest other, and of how many."""
        labels = np.array(self.classes)
        rows = np.sort(np.random.default_rng(0).permutation(len(labels))[:_MOST])
        same = 0
        for part in np.array_split(rows, max(1, len(rows) // _AT_ONCE)):
            alike = self.directions[part] @ self.directions.T
            alike[np.arange(len(part)), part] = -np.inf
            same += int((labels[alike.argmax(axis=1)] == labels[part]).sum())
        return same, len(rows)

    @cached_property
    def chance(self) -> float:
        """How often two examples drawn at random have one label: Σ (n_c / n)²."""
        _, counts = np.unique(self.classes, return_counts=True)
        return float(((counts / counts.sum()) ** 2).sum())
