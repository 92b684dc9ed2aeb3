"""The contract of parts: what of an example can be marked, taken away and shown."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from headstart.backbones.base import Batch

WORDS = "words"
"""The noun of parts that are words."""


@dataclass(frozen=True)
class Shown:
    """One explanation as a person sees it on a page: HTML, and a PNG where it is a picture."""

    html: str
    png: bytes | None = None


@dataclass(frozen=True)
class Manner:
    """How a map is to be shown.

    Attributes
    ----------
    caption : what stands under it.
    as_it_is : place by place, where 1 is the most, beside the outlined input; else in shares of its own strongest
        part, under the lines.
    outline : of a picture of (width, height), (height, width) booleans, True where lines show the answer; or None.
    """

    caption: str
    as_it_is: bool = False
    outline: Callable[[tuple[int, int]], np.ndarray | None] = lambda size: None


class Parts(ABC):
    """How an example divides into U parts: patches of a picture, words of a text.

    ``entry`` names the tensor that holds them; ``noun`` is the plural a person uses. The tensors themselves are not
    kept: what was explained is shown when all other inputs are explained too.
    """

    entry: str
    noun: str
    count: int
    """U."""

    @abstractmethod
    def scores(self, given: Tensor) -> Tensor:
        """A map over the places of the tensor, (H, W) or (L,), as one score a part, (U,) on the CPU."""

    @abstractmethod
    def without(self, example: Batch, removed: Tensor) -> Batch:
        """K copies of the example; `removed` (K, U) is True for the parts each of them lacks."""

    @abstractmethod
    def emptied(self, example: Batch) -> Batch:
        """The example with nothing in it, from which integrated gradients start; without the leading N."""

    @abstractmethod
    def show(self, given: Tensor, original: Any, manner: Manner) -> Shown:
        """The map on the `original` input, decoded in full."""

    def coloured(self, given: Tensor) -> str:
        """The map as a terminal shows it; empty where that shows no such parts."""
        return ""

    def told(self, given: Tensor) -> list[list[Any]]:
        """The parts with their scores, for JSON; none where a part has no name."""
        return []
