"""The contract of a modality: how inputs of one kind are recognised, checked, decoded and shown."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

Clash = tuple[int, int, bool]
"""Two rows whose slices cannot both be in a volume, and whether they are the same slice."""

UNREADABLE = "unreadable"
"""The class of a fragment that says why an input cannot be shown."""


@dataclass(frozen=True)
class Look:
    """What one look at an input shows of it.

    Attributes
    ----------
    traits : numbers that should not tell the target: size, brightness, length. The same names for every input.
    sketch : a small likeness (S,) float32 of norm 1, or nought where there is nothing to see; near duplicates lie
        close. None where the modality has none.
    shallow : features (D,) float32 that take no network, colours and edges say: what a model without pretraining may
        learn from. None where there are none, or they cannot be told from one input alone, as words.
    """

    traits: Mapping[str, float] = field(default_factory=dict)
    sketch: np.ndarray | None = None
    shallow: np.ndarray | None = None


class Modality(ABC):
    """One kind of input. Nothing outside this folder asks which one it has."""

    noun: str
    """The plural a person uses: ``images``, ``texts``."""

    suffixes: frozenset[str]
    """File endings (lower case, with the dot) whose files hold one input each; empty when inputs lie in tables."""

    perhaps: frozenset[str] = frozenset()
    """Endings, as ``core.paths.ending_of`` gives them, of files that hold an input where :meth:`holds` says so."""

    looked_by: str = ""
    """What a look depends on besides the content, a library and its version: looks are then kept from fit to fit.
    Empty where looking costs nothing."""

    shown_by: str = ""
    """What :meth:`show` depends on besides content and name: fragments are then kept from fit to fit. Empty where
    showing costs nothing."""

    @abstractmethod
    def recognises(self, references: Sequence[Any]) -> bool:
        """Whether these references (a sample) are inputs of this modality."""

    def holds(self, path: Path) -> bool:
        """Whether a file with an ending of `perhaps` holds an input, from as little of it as tells."""
        return False

    @abstractmethod
    def decode(self, reference: Any, size_hint: int | None = None) -> Any:
        """The raw input a backbone's preprocessing takes (a PIL image, RGB or grey; a string).

        `size_hint` is the shorter side in pixels that will be needed; a larger input may be decoded reduced.
        Raises ``ValueError`` with a person's sentence when it cannot be decoded.
        """

    @abstractmethod
    def look(self, reference: Any) -> Look:
        """Traits and sketch, from as little decoding as gives them and finds out whether the input can be used.

        Raises ``ValueError`` with a person's sentence when it cannot.
        """

    def look_and_decode(self, reference: Any, size_hint: int | None = None) -> tuple[Look, Any]:
        """What :meth:`look` and :meth:`decode` give, of one decoding where that serves both."""
        return self.look(reference), self.decode(reference, size_hint)

    def problem(self, reference: Any) -> str | None:
        """Why this input cannot be used, as a sentence, or None when it can."""
        try:
            self.look(reference)
        except ValueError as error:
            return str(error)
        return None

    def read(self, reference: Any) -> Any:
        """The same input with its content in memory, a file's bytes say: digest and look then need one reading.

        Raises ``OSError`` where it cannot be read; :meth:`look` says why.
        """
        return reference

    @abstractmethod
    def fingerprint(self, reference: Any) -> str:
        """A digest of the content alone: the same for a moved or renamed file."""

    @abstractmethod
    def show(self, reference: Any) -> str:
        """A small, self-contained, escaped HTML fragment of the input, for the report."""

    def normalised(self, reference: Any) -> str:
        """A digest that is the same for inputs that differ in nothing that matters; empty: there is no such rule."""
        return ""

    def size(self, reference: Any) -> str:
        """How large the input is, as words (``640×480``, ``23 words``); for the data summary."""
        return ""

    def parts(self, reference: Any) -> list[Any]:
        """The inputs in one file that hold several (slices of a volume), itself first; it alone where it is one.

        A file is judged and predicted as what :meth:`decode` makes of it; its parts are learnt from as well.
        """
        return [reference]

    def volumes(self, references: Sequence[Any], slices: int) -> list[tuple[Any, list[int], tuple[Clash, ...]]]:
        """What there is among the inputs of volumes, in order: a reference to a stack of `slices` neighbouring slices
        of each, the rows of the inputs that it is made of, and pairs of rows that cannot both be in it, with whether
        they are the same slice. None where the modality knows no volumes.
        """
        return []

    def owner(self, reference: Any) -> str | None:
        """Whose the input is, where it says so: a digest by which those of one person are kept together.

        It means nothing outside this process and is written nowhere.
        """
        return None

    def caution(self, references: Sequence[Any], names: Sequence[str] = ()) -> str:
        """A sentence that must stand in the report and the card of a model made from these; empty for none.

        Parameters
        ----------
        names : of what the source data say beside: classes, columns, their folder.
        """
        return ""

    def extent(self, reference: Any) -> tuple[int, int] | None:
        """(width, height) in pixels of an input that has them, without decoding it; None for others."""
        return None

    def locate(self, value: Any, folder: Path | None) -> Any:
        """Turn a table cell into a reference; a path is taken relative to the table's `folder`."""
        return value
