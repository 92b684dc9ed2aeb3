"""The contract of a transferability score: arrays in, one float out; the higher, the better the backbone suits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np


@dataclass(frozen=True)
class Seen:
    """N examples as a frozen backbone sees them. What is not known is None.

    Attributes
    ----------
    features : (N, D) floats.
    classes : (N,) integers from 0 on, where every example has one class.
    targets : (N, K) floats: a column for each number, or 0 and 1 for each class or label.
    source : (N, Z) what the backbone's own classifier says, where it has one: probabilities of the Z classes that it
        was pretrained on, each row of sum 1.
    """

    features: np.ndarray | None = None
    classes: np.ndarray | None = None
    targets: np.ndarray | None = None
    source: np.ndarray | None = None


class TransferabilityScore(ABC):
    """A figure by which backbones are ranked without training. File name = plug-in name.

    The constructor only stores, and has a default for everything.
    """

    reads: ClassVar[tuple[str, ...]]
    """The fields of :class:`Seen` without which it has nothing to say."""

    def can_read(self, seen: Seen) -> bool:
        """Whether all that it reads is given."""
        return all(getattr(seen, name) is not None for name in self.reads)

    @abstractmethod
    def score(self, seen: Seen) -> float:
        """The score of these examples; called only where :meth:`can_read`. The same arrays, the same score."""


def given(array: np.ndarray | None) -> np.ndarray:
    """`array`, for a score that reads it.

    Raises
    ------
    ValueError : it is None: the score was asked without looking at :meth:`TransferabilityScore.can_read`.
    """
    if array is None:
        raise ValueError("a transferability score was asked without what it reads; ask can_read(seen) first")
    return array
