"""A segment of the store: some examples' activations in one flat file, written whole and never changed.

The file is mapped for each read and let go after it: pages of a mapped file count as the process's own once they were
touched, and a pass over 20,000 examples would grow its resident memory by all of their activations.
"""

from __future__ import annotations

import json
import math
import mmap
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from headstart.backbones.base import Batch

ROWS, INDEX = "rows.bin", "index.json"
LARGEST_HALF = 65504.0
"""The largest number that half precision holds."""

ALIGNED = 64
"""Each tensor's rows begin at a multiple of this many bytes, so that other programs may map them."""

Runs = list[tuple[int, int, int]]
"""Stretches of examples that lie side by side and go side by side: (first example, first place, count) each."""


@dataclass(frozen=True)
class Flat:
    """One tensor of all of a segment's examples: the rows of one example after the other, in C order.

    Attributes
    ----------
    tail : shape of one row.
    rows : rows of each example, (n,); one number where all have as many.
    scalar : whether an example's tensor has no dimension at all, and its one row stands for it.
    offset : where the rows begin in the file, in bytes.
    narrowed : whether single precision was written as half, and is read as single again.
    """

    dtype: np.dtype[Any]
    tail: tuple[int, ...]
    rows: int | np.ndarray
    scalar: bool
    offset: int
    narrowed: bool

    @property
    def read_as(self) -> np.dtype[Any]:
        """The type it is read in."""
        return np.dtype(np.float32) if self.narrowed else self.dtype

    @cached_property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return self.dtype.itemsize * math.prod(self.tail)

    @cached_property
    def starts(self) -> np.ndarray:
        """Rows before each example, (n,), where they have not all as many."""
        return np.cumsum(self.rows) - self.rows

    def bytes(self, examples: int) -> int:
        """Bytes of the rows of all `examples` examples."""
        return self.row_bytes * (self.rows * examples if isinstance(self.rows, int) else int(self.rows.sum()))

    def longest(self, examples: np.ndarray) -> int:
        """The most rows that one of `examples`, indices (n,), has."""
        return self.rows if isinstance(self.rows, int) else int(self.rows[examples].max())

    def read(self, mapped: mmap.mmap, runs: Runs, out: np.ndarray) -> None:
        """Read the examples of `runs` to their places in `out`, (N, rows, *tail); shorter ones leave their end."""
        for first, place, count in runs:
            if isinstance(self.rows, int):
                self._fill(mapped, first * self.rows, out[place : place + count])
                continue
            for i in range(count):
                self._fill(mapped, int(self.starts[first + i]), out[place + i, : self.rows[first + i]])

    def _fill(self, mapped: mmap.mmap, row: int, target: np.ndarray) -> None:
        begin = self.offset + row * self.row_bytes
        if begin + target.size * self.dtype.itemsize > len(mapped):
            raise OSError("the file is shorter than it was when it was written")
        numbers = np.frombuffer(mapped, self.dtype, target.size, begin)
        target[...] = numbers.reshape(target.shape)


class Segment:
    """One written segment: the keys of its examples, and their tensors by name.

    Raises
    ------
    OSError, ValueError, KeyError, TypeError : damaged, by a power cut say.
    """

    def __init__(self, folder: Path) -> None:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        self.path = str(folder / ROWS)
        self.keys: list[str] = index["keys"]
        self.tensors = {name: _flat(**about) for name, about in index["tensors"].items()}
        whole = max((flat.offset + flat.bytes(len(self.keys)) for flat in self.tensors.values()), default=0)
        if os.stat(self.path).st_size != whole:
            raise ValueError(f"{self.path} is not as long as its index says")

    @cached_property
    def kind(self) -> tuple[object, ...]:
        """Names, types and row shapes: segments of one kind can be read into one batch."""
        return tuple((name, flat.read_as, flat.tail, flat.scalar) for name, flat in self.tensors.items())

    def read(self, examples: np.ndarray, places: np.ndarray, out: Mapping[str, np.ndarray]) -> None:
        """Read `examples`, indices (n,), to `places` (n,) of the arrays in `out`, (N, rows, *tail) each.

        Raises
        ------
        OSError : the file is gone, or too short.
        """
        wanted = {name: array for name, array in out.items() if array.nbytes}  # an empty file cannot be mapped
        if not wanted:
            return
        runs = _runs(examples, places)
        file = os.open(self.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            with mmap.mmap(file, 0, access=mmap.ACCESS_READ) as mapped:
                for name, array in wanted.items():
                    self.tensors[name].read(mapped, runs, array)
        except ValueError as error:
            raise OSError(f"{self.path} is empty") from error
        finally:
            os.close(file)


def write_segment(folder: Path, keys: Sequence[str], activations: Sequence[Batch], half: bool = False) -> None:
    """Write the files of a segment into `folder`: every tensor's rows one after the other, and their index.

    `half` writes single precision as half precision, but for a tensor that holds larger numbers.
    """
    tensors = {}
    with (folder / ROWS).open("wb") as file:
        for name, first in activations[0].items():
            arrays = [np.atleast_1d(example[name].numpy()) for example in activations]
            rows = [len(array) for array in arrays]
            flat = np.ascontiguousarray(np.concatenate(arrays))  # maps may have their channels last in memory
            narrow = half and flat.dtype == np.float32 and bool(np.abs(flat).max(initial=0) <= LARGEST_HALF)
            flat = flat.astype(np.float16) if narrow else flat
            file.write(bytes(-file.tell() % ALIGNED))
            tensors[name] = {
                "dtype": flat.dtype.str,
                "tail": flat.shape[1:],
                "rows": rows[0] if len(set(rows)) == 1 else rows,
                "scalar": first.dim() == 0,
                "offset": file.tell(),
                "narrowed": narrow,
            }
            file.write(flat.data)
    (folder / INDEX).write_text(json.dumps({"keys": list(keys), "tensors": tensors}), encoding="utf-8")


def most_bytes(keys: Sequence[str], activations: Sequence[Batch]) -> int:
    """At most as many bytes as this segment, its index and the word of what its space is for take on disk."""
    numbers = sum(tensor.nbytes for example in activations for tensor in example.values())
    names = sum(len(name) + 512 for name in activations[0])
    return numbers + 4096 + names + sum(len(key) + 16 + 8 * len(activations[0]) for key in keys)


def _flat(dtype: str, tail: list[int], rows: int | list[int], scalar: bool, offset: int, narrowed: bool) -> Flat:
    counts = rows if isinstance(rows, int) else np.array(rows, dtype=np.int64)
    return Flat(np.dtype(dtype), tuple(tail), counts, scalar, offset, narrowed)


def _runs(examples: np.ndarray, places: np.ndarray) -> Runs:
    """The stretches in which both go up by one, so that one read does them all."""
    breaks = np.flatnonzero((examples[1:] - examples[:-1] != 1) | (places[1:] - places[:-1] != 1)) + 1
    starts, ends = [0, *breaks.tolist()], [*breaks.tolist(), len(examples)]
    return [(int(examples[a]), int(places[a]), b - a) for a, b in zip(starts, ends, strict=True)]


def rounded(batch: Batch) -> Batch:
    """Activations as the store gives them back in single precision, having kept them in half."""
    return {
        name: t.half().float() if t.dtype == torch.float32 and bool((t.abs() <= LARGEST_HALF).all()) else t
        for name, t in batch.items()
    }
