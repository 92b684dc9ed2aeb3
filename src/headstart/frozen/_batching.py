"""Which examples share a batch, how many, and in which order they are computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import NamedTuple

import torch

from headstart.backbones.base import Batch

LEAST, MOST = 8, 32
"""Examples of a batch."""

Portion = tuple[Sequence[str], Sequence[Batch]]
"""Digests of the content of some inputs, and their tensors."""


class Sizes(NamedTuple):
    """Inputs to decode at once, of one length and in whole batches but for the last, and to keep in one segment."""

    portion: int
    segment: int


def batch_size(example: Batch) -> int:
    """Examples an engine batch: large inputs in small batches, whose buffers stay in the processor's cache.

    Token ids too, each of which stands for hundreds of numbers: and the last batch of every length is filled up.
    """
    if not any(tensor.is_floating_point() for tensor in example.values()):
        return LEAST
    return min(max(2**20 // max(1, *(tensor.numel() for tensor in example.values())), LEAST), MOST)


def decoded_bytes(example: Batch) -> int:
    """Bytes of one example's tensors, at least 1."""
    return max(1, sum(tensor.nbytes for tensor in example.values()))


def by_shape(examples: Sequence[Batch]) -> list[list[int]]:
    """Indices of the examples whose tensors have the same shapes, together."""
    shapes: dict[tuple[object, ...], list[int]] = {}
    for index, example in enumerate(examples):
        shapes.setdefault(tuple((name, tuple(t.shape)) for name, t in example.items()), []).append(index)
    return list(shapes.values())


def by_length(rows: Sequence[int], length: Callable[[int], int]) -> list[list[int]]:
    """`rows` of one length together, the longest first: the time left is then never promised too soon."""
    ordered = sorted(rows, key=lambda row: (-length(row), row))
    return [list(alike) for _, alike in groupby(ordered, key=length)]


class Stack:
    """Stacks examples of one shape in memory that the next batch of that shape is written to.

    Fresh memory costs more than the copying: its pages are asked of the system one by one.
    """

    def __init__(self) -> None:
        self._batch: Batch = {}

    def __call__(self, examples: Sequence[Batch]) -> Batch:
        """The batch, (N, …) each, of N ≥ 1 examples; good until the next call."""
        if not self._fits(examples[0], len(examples)):
            self._batch = {
                name: tensor.new_empty(len(examples), *tensor.shape) for name, tensor in examples[0].items()
            }
        for name, room in self._batch.items():
            torch.stack([example[name] for example in examples], out=room)
        return self._batch

    def _fits(self, example: Batch, count: int) -> bool:
        # A tensor made in inference mode cannot be written to outside of it.
        kinds = {name: (count, *tensor.shape, tensor.dtype) for name, tensor in example.items()}
        inference = torch.is_inference_mode_enabled()
        return kinds == {name: (*room.shape, room.dtype) for name, room in self._batch.items()} and all(
            room.is_inference() == inference for room in self._batch.values()
        )
