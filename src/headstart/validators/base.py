"""The contract of a validator: arrays in, one float out; the higher, the better a network suits a new domain."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np


@dataclass(frozen=True)
class Seen:
    """A network's answers for N inputs of a new domain, and for n examples of the domain that it was trained on.

    Attributes
    ----------
    features : (N, D) of the new inputs. probable : (N, C) probabilities of the classes for them.
    source : (n, D) of the source examples, brought to where the new inputs lie. classes : (n,) theirs.
    source_probable : (n, C) what is said of them there by a head that had not seen them. To solve the network's own
        head once more for that would cost as much as adapting again, so a least-squares head may stand in, which
        learnt from other source examples and from the network's answers for the new inputs.
    """

    features: np.ndarray
    probable: np.ndarray
    source: np.ndarray
    classes: np.ndarray
    source_probable: np.ndarray


class Validator(ABC):
    """A figure that tells, without labels, which of several networks suits a new domain best.

    File name = plug-in name; the constructor only stores, and has a default for everything.
    """

    summary: ClassVar[str]
    """What it prefers, in a few words."""

    is_an_objective: ClassVar[bool] = False
    """Whether adaptations train networks to raise it, or what amounts to it: it tells nothing of those then."""

    @abstractmethod
    def validate(self, seen: Seen) -> float:
        """The figure, finite. The same arrays, the same figure, and the arrays stay as they are."""
