"""The store: activations on disk, under the content of what they were computed from, within a limit."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from headstart.backbones.base import Batch, collate
from headstart.core.errors import HeadstartError
from headstart.core.files import digest, whole_folder
from headstart.core.in_use import Mark
from headstart.frozen._segment import Segment, most_bytes, write_segment
from headstart.frozen.eviction import DiskBudget, remove_leftovers
from headstart.frozen.holdings import SEGMENTS, next_number, note_use

LAYOUT = "4"

ROOM = "the store may hold or half of the free disk"
"""The most that may be written, in words."""

MINUTE = 60.0
"""A space that is read or written says so this often: it stays recent however long ago it was opened."""


class NotStored(HeadstartError):
    """Activations that are not in the store, or no longer: they can be computed again."""


class FrontierStore:
    """A folder of spaces; one space holds the activations of one (weights, cut, preprocessing, view).

    Parameters
    ----------
    limit : bytes it may hold; None for what HEADSTART_CACHE_LIMIT says, else a share of the disk. Spaces used least
        recently give way, never one that this store opened or that another living process has open.

    Raises
    ------
    UsageError : HEADSTART_CACHE_LIMIT is no size.
    """

    def __init__(self, folder: Path, limit: int | None = None) -> None:
        self.folder = Path(folder)
        self.budget = DiskBudget(self.folder, limit)
        self._spaces: dict[str, Space] = {}

    def space(self, weights: str, cut: str, preprocessing: str, view: int, about: str = "") -> Space:
        """The space of this key; example content is the key within it.

        `about` tells a person what it is for, the backbone's name say; it is no part of the key.
        """
        name = digest(LAYOUT, weights, cut, preprocessing, str(view))
        if name in self._spaces:
            self._spaces[name].refresh()
        else:
            facts = {"about": about, "cut": cut, "view": view, "preprocessing": preprocessing, "weights": weights}
            self._spaces[name] = Space(self.folder / name, facts, self.budget)
        return self._spaces[name]

    @property
    def limit(self) -> int:
        """Bytes it may hold."""
        return self.budget.limit

    @property
    def free_bytes(self) -> int:
        """What may still be written: within the limit, and never more than half of what the disk has free."""
        return self.budget.free_bytes


class Space:
    """Activations by example key, in segments that are written whole and never changed.

    Two processes may write at once: a key that both computed lies there twice, with the same values.

    Parameters
    ----------
    facts : what the space is for, as JSON; for ``headstart cache``.
    budget : how much the store may hold; None for as much as the disk takes.
    """

    def __init__(
        self, folder: Path, facts: Mapping[str, Any] | None = None, budget: DiskBudget | None = None
    ) -> None:
        self.folder, self._facts, self._budget = folder, facts or {}, budget
        self._where: dict[str, tuple[Segment, int]] = {}
        self._seen: set[str] = set()
        self._mark: Mark | None = None
        self._noted = -MINUTE
        if folder.exists():
            self._claim()
        self.refresh()

    def _claim(self) -> None:
        """Mark the folder as in use and used now, before looking for segments: from here on nobody evicts them."""
        if self._mark is None or not self._mark.stands:
            with contextlib.suppress(OSError):  # whatever is wrong, the write that follows says it better
                self.folder.mkdir(parents=True, exist_ok=True)
            self._mark = Mark(self.folder)
            note_use(self.folder, self._facts)
            self._noted = time.monotonic()
            remove_leftovers(self.folder, own=self._mark)

    def _use(self) -> None:
        """Leave word that the space is used now, a minute after the last such word."""
        if time.monotonic() - self._noted >= MINUTE:
            self._noted = time.monotonic()
            note_use(self.folder, {})

    def refresh(self) -> None:
        """Notice segments written since."""
        for path in sorted(self.folder.glob(f"{SEGMENTS}*")) if self.folder.exists() else []:
            if path.name not in self._seen:
                self._add(path)

    def _add(self, path: Path) -> None:
        self._seen.add(path.name)
        try:
            segment = Segment(path)
        except (OSError, ValueError, KeyError, TypeError):
            return  # damaged by a power cut, say: its examples are computed again
        for row, key in enumerate(segment.keys):
            self._where.setdefault(key, (segment, row))

    def __contains__(self, key: str) -> bool:
        return key in self._where

    def read(self, key: str) -> Batch:
        """One example's activations, without the leading N."""
        return {name: tensor[0] for name, tensor in self.read_many([key]).items()}

    def read_many(self, keys: Sequence[str]) -> Batch:
        """The activations of N ≥ 1 examples stacked in the order of `keys`, (N, …) each, as ``collate`` would.

        Where examples differ in their number of rows, the shorter are filled up with zeros.

        Raises
        ------
        NotStored : one of them is not here, or no longer; those that vanished are then no longer ``in`` the space.
        """
        if missing := next((key for key in keys if key not in self._where), None):
            raise NotStored(f"{self.folder} holds no activations of the example {missing}.")
        self._use()
        parts = self._parts(keys)
        if len({segment.kind for segment, _, _ in parts}) > 1:
            return collate([self.read(key) for key in keys])
        out = _room(len(keys), parts)
        for segment, examples, places in parts:
            try:
                segment.read(examples, places, out)
            except OSError as error:
                self._forget(segment)
                raise NotStored(f"Stored activations vanished while they were read: {error}.") from error
        scalars = {name for name, flat in parts[0][0].tensors.items() if flat.scalar}
        return {name: torch.from_numpy(a[:, 0] if name in scalars else a) for name, a in out.items()}

    def _parts(self, keys: Sequence[str]) -> list[tuple[Segment, np.ndarray, np.ndarray]]:
        """For each segment that holds some of `keys`: which of its examples, and their places among `keys`."""
        parts: dict[int, tuple[Segment, list[int], list[int]]] = {}
        for place, key in enumerate(keys):
            segment, row = self._where[key]
            _, rows, places = parts.setdefault(id(segment), (segment, [], []))
            rows.append(row)
            places.append(place)
        return [(segment, np.array(rows), np.array(places)) for segment, rows, places in parts.values()]

    def _forget(self, segment: Segment) -> None:
        self._where = {key: place for key, place in self._where.items() if place[0] is not segment}

    def write(self, keys: Sequence[str], activations: Sequence[Batch], half: bool = False) -> bool:
        """Append one segment, whole or not at all; False, and nothing is written, where the limit leaves no room.

        With `half` it lies in half precision, which is read as single precision again.

        Raises
        ------
        NotWritten : the disk is full, or the folder cannot be written to.
        """
        if self._budget and not self._budget.make_room(most_bytes(keys, activations)):
            return False
        self._claim()
        self._use()
        path = self.folder / f"{SEGMENTS}{next_number(self.folder):06d}-{uuid.uuid4().hex[:8]}"
        with whole_folder(path) as folder:
            write_segment(folder, keys, activations, half)
        self._add(path)
        return True


def _room(count: int, parts: Sequence[tuple[Segment, np.ndarray, np.ndarray]]) -> dict[str, np.ndarray]:
    """An array (count, rows, *tail) for each tensor, of zeros where not all have as many rows."""
    out = {}
    for name, flat in parts[0][0].tensors.items():
        of_each = [(segment.tensors[name], examples) for segment, examples, _ in parts]
        longest = [each.longest(examples) for each, examples in of_each]
        even = all(isinstance(each.rows, int) for each, _ in of_each) and len(set(longest)) == 1
        out[name] = (np.empty if even else np.zeros)((count, max(longest), *flat.tail), flat.read_as)
    return out
