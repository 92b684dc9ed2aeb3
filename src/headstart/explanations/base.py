"""The contract of an explanation: a network, an example and a target in; what speaks for it, and how sure, out."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import replace
from functools import partial
from typing import ClassVar

from torch import Tensor

from headstart.core.results import Figure
from headstart.core.threads import spread
from headstart.explanations._aim import Aim
from headstart.explanations._asked import Asked, Check, Explained, Neighbour, Question
from headstart.explanations._box_aim import BoxAim
from headstart.explanations._known import Known
from headstart.explanations._mask_aim import MaskAim
from headstart.explanations._output_aim import OutputAim
from headstart.explanations._parts import Parts
from headstart.explanations._randomisation import randomisation
from headstart.explanations._removal import removal
from headstart.explanations._unlearnt import Unlearnt

__all__ = [
    "Aim",
    "Asked",
    "BoxAim",
    "Check",
    "Explained",
    "Explanation",
    "Known",
    "MapExplanation",
    "MaskAim",
    "Neighbour",
    "OutputAim",
    "Parts",
    "Question",
]


_ROUNDING = 1e-5
"""Of the largest score."""


class Explanation(ABC):
    """One way to explain a prediction. File name = plug-in name; the constructor takes nothing."""

    about: ClassVar[type[Aim]] = OutputAim
    """The kind of answer that it explains; it is not asked about others."""

    @abstractmethod
    def unsuited(self, asked: Asked) -> str | None:
        """Why it has nothing to say here, as words that follow "left out: ", or None."""

    @abstractmethod
    def explain(self, asked: Asked) -> Explained:
        """The answer, the same for the same question. The network is as it was afterwards.

        Raises
        ------
        MissingDependency : its library is not installed.
        """

    @abstractmethod
    def checks(self, asked: Asked, explained: Explained, seed: int = 0, curves: bool = True) -> list[Check]:
        """Its own tests of that answer; `curves` decide nothing, take their time and may be left out."""


class MapExplanation(Explanation):
    """An explanation that marks parts of the example, and so can be checked by taking them away."""

    @abstractmethod
    def map(self, asked: Asked) -> Tensor:
        """Positive where the example speaks for the target: (H, W) for pixels (C, H, W), (L,) for L tokens."""

    def unsuited(self, asked: Asked) -> str | None:
        return None if asked.parts else "it marks pixels or words, and this input has neither"

    def explain(self, asked: Asked) -> Explained:
        return Explained(map=self.map(asked).detach().float().cpu())

    def checks(self, asked: Asked, explained: Explained, seed: int = 0, curves: bool = True) -> list[Check]:
        """Removal of the marked tenth, and the map of networks with shuffled weights: side by side on a CPU, for each
        runs networks of its own. A map that marks nothing can be neither trusted nor not."""
        if explained.map is None:
            return []
        if asked.parts and _is_flat(asked.parts, explained.map):
            none = f"It marks none of the {asked.parts.noun} more than the others, so there is nothing to check."
            return [Check("marks_something", Figure(math.nan, math.nan, math.nan), None, none, decides=True)]
        asked = replace(asked, unlearnt=(asked.unlearnt or Unlearnt(asked.network)).ready())
        removed = partial(removal, asked, explained.map, seed, curves)
        shuffled = partial(randomisation, asked, explained.map, self.map, seed)
        if asked.device.type == "cuda":  # where each new thread has every convolution planned anew
            return [removed(), shuffled()]
        return spread(lambda check: check(), [removed, shuffled], alone=True)


def _is_flat(parts: Parts, given: Tensor) -> bool:
    """Whether a map gives each of several parts the same score, but for rounding; of one part nothing can be said."""
    scores = parts.scores(given)
    return len(scores) > 1 and bool(scores.max() - scores.min() <= _ROUNDING * scores.abs().max())
