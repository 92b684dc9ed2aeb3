"""Inputs: examples that can be asked for as tensors, by index and view, and told apart by content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from headstart.backbones.base import Batch, Preprocess
from headstart.core.arrays import bytes_of
from headstart.core.files import digest
from headstart.core.threads import spread
from headstart.core.timing import Stopwatch
from headstart.core.units import how_many, numbered
from headstart.data.examples import Examples
from headstart.data.modalities.base import Modality


@dataclass(frozen=True)
class Inputs:
    """N examples with what turns them into tensors.

    ``keys`` are N content digests; two examples with the same key are the same input. ``lengths`` are those known so
    far, by key, where inputs differ in length. ``units`` (N,) are numbers that relatives have in common, pictures of
    one patient say; None where each example stands for itself.
    """

    examples: Examples
    modality: Modality
    preprocess: Preprocess
    keys: Sequence[str]
    stopwatch: Stopwatch
    lengths: dict[str, int] = field(default_factory=dict, repr=False, compare=False)
    units: np.ndarray | None = field(default=None, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.examples)

    def tensors(self, index: int, view: int = 0) -> Batch:
        """One example's tensors, without the leading N."""
        with self.stopwatch.lap("decode"):
            tensors = self.preprocess(self.raw(index), view, self.keys[index])
        if self.preprocess.lengths_differ:
            self.lengths[self.keys[index]] = max(tensor.shape[0] for tensor in tensors.values())
        return tensors

    def length(self, index: int) -> int:
        """One example's length before padding to a batch, where lengths differ; it is decoded for it but once."""
        if self.keys[index] not in self.lengths:
            self.tensors(index)
        return self.lengths[self.keys[index]]

    def raw(self, index: int) -> Any:
        """One example decoded, as the preprocessing takes it.

        Raises
        ------
        ValueError : it cannot be decoded, with a person's sentence.
        """
        return self.modality.decode(self.examples.references[index], self.preprocess.size_hint)

    def many(self, indices: Sequence[int], view: int = 0) -> list[Batch]:
        """The tensors of several examples, decoded side by side."""
        return spread(lambda index: self.tensors(index, view), indices)

    def select(self, indices: Sequence[int]) -> Inputs:
        """The inputs at `indices`, in that order."""
        return Inputs(
            self.examples.select(indices),
            self.modality,
            self.preprocess,
            [self.keys[i] for i in indices],
            self.stopwatch,
            self.lengths,
            None if self.units is None else self.units[list(indices)],
        )

    @property
    def digest(self) -> str:
        """What tells these inputs, in this order, and who is whose relative from all others."""
        numbers = numbered(self.units, len(self))
        alone = how_many(numbers) == len(self)
        return digest(*self.keys) if alone else digest(*self.keys, "units", bytes_of(numbers))


def joined(first: Inputs, second: Inputs) -> Inputs:
    """Two sets of inputs of one kind, one after the other; targets and splits are left behind."""
    examples = Examples(
        modality=first.examples.modality,
        references=[*first.examples.references, *second.examples.references],
        ids=[*first.examples.ids, *second.examples.ids],
    )
    one, other = first.units, second.units
    units = None if one is None or other is None else np.concatenate([one, other])
    keys = [*first.keys, *second.keys]
    return Inputs(examples, first.modality, first.preprocess, keys, first.stopwatch, first.lengths, units)
