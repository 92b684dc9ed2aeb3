"""The contract of an aim: which answer is explained, as a slope to follow and as a figure to report."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from torch import Tensor


class Aim(ABC):
    """One answer of a network, named.

    Attributes
    ----------
    target : place of its class among the classes, or of the number among the outputs.
    name : the label, or what the number is called.
    is_probability : whether its confidence runs from 0 to 1.
    kind : what is explained, as words that follow "it explains".
    reading : how a person reads a picture of it.
    """

    target: int
    name: str
    is_probability: bool = True
    kind: ClassVar[str]
    reading: ClassVar[str]

    @abstractmethod
    def evidence(self, outputs: Tensor) -> Tensor:
        """Outputs (N, …) → (N,), differentiable: what explanations follow the slope of."""

    @abstractmethod
    def confidence(self, outputs: Tensor) -> Tensor:
        """Outputs (N, …) → (N,) float64 on the CPU: what a person reads, calibrated."""

    def say(self, value: float) -> str:
        """A confidence, or how far it fell, as a person reads it."""
        return f"{value:.3f}"

    @property
    def figure(self) -> str:
        """What its confidence is called."""
        return "probability"

    def fall(self, before: Tensor, after: Tensor) -> Tensor:
        """How far the prediction fell."""
        return before - after

    @property
    def noun(self) -> str:
        """What falls, as words: ``the probability of 'rose'``."""
        return f"the probability of {self.name!r}"

    def outline(self, size: tuple[int, int]) -> np.ndarray | None:
        """(height, width) booleans, True where lines show the answer on a picture of `size` (width, height)."""
        return None

    def told(self) -> dict[str, Any]:
        """What else JSON says of it."""
        return {}
