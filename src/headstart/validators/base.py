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
    source_probable : (n, C) what the network says of them there.
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

    @abstractmethod
    def validate(self, seen: Seen) -> float:
        """The figure, finite. The same arrays, the same figure, and the arrays stay as they are."""
