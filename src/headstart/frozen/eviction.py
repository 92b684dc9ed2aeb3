"""Keeps the store within its limit: what was not used for longest goes first. Loads no torch.

A space is as recent as its last use, which is noted when it is opened and once a minute while it is read or written.
Its segments go oldest first: a run that comes back computes again only what went. A space that a living process has
open keeps everything.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from headstart.core.in_use import Mark, in_use
from headstart.core.kept import beside
from headstart.frozen.holdings import FACTS, Held, free_disk, given_limit, look, survey, usual_limit


class DiskBudget:
    """How much a store may hold, and what has to go for more.

    Parameters
    ----------
    store : its folder, which need not exist yet.
    limit : bytes; None for what HEADSTART_CACHE_LIMIT says, else a share of the disk.
    """

    def __init__(self, store: Path, limit: int | None = None) -> None:
        self.store, self._small = store, beside(store.parent)
        self._given = given_limit() if limit is None else limit

    @cached_property
    def limit(self) -> int:
        """Bytes the store may hold with the small files beside it; settled when first asked for."""
        if self._given is not None:
            return self._given
        return usual_limit(self.store, sum(space.bytes for space in survey(self.store)))

    @property
    def free_bytes(self) -> int:
        """What may still be written: within the limit, what is not in use given up for it, and half the free disk."""
        spaces = survey(self.store)
        held = self._small.bytes + sum(space.bytes for space in spaces if space.in_use)
        idle = sum(space.bytes for space in spaces if not space.in_use)
        return max(0, min(self.limit - held, free_disk(self.store) // 2 + idle))

    def make_room(self, needed: int) -> bool:
        """Remove the least recently used until `needed` bytes fit; False, and nothing removed, where they cannot."""
        spaces = survey(self.store)
        needed += self._small.bytes
        if needed > self.limit - sum(space.bytes for space in spaces if space.in_use):
            return False
        over = sum(space.bytes for space in spaces) + needed - self.limit
        for space in reversed(spaces):
            if over <= 0:
                break
            if not space.in_use:
                over -= _shrink(space, over)
        return over <= 0


@dataclass(frozen=True)
class Cleared:
    """What a clearing did: bytes freed, spaces removed, and spaces kept because a process has them open."""

    bytes: int
    spaces: int
    in_use: int


def clear(store: Path, older_than: float = 0) -> Cleared:
    """Remove every space that was not used for `older_than` seconds, and what killed runs left half written."""
    before = survey(store)
    old = [space for space in before if max(0.0, time.time() - space.used) >= older_than]
    for space in before:
        if not space.in_use:
            _shrink(space, space.bytes + 1 if space in old else 0)
    after = {space.folder: space.bytes for space in survey(store)}
    freed = sum(max(0, space.bytes - after.get(space.folder, 0)) for space in before)
    gone = sum(space.folder not in after for space in before)
    return Cleared(freed, gone, sum(space.in_use for space in old))


def remove_leftovers(space: Path, own: Mark | None = None) -> None:
    """Remove what killed runs left half written in `space`, unless another than `own` has it open and may write."""
    left = [path for path in space.glob(".*") if path.name.startswith((".segment-", ".evicted-", f".{FACTS}"))]
    if left and not in_use(space, but=own):
        for path in left:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):
                    path.unlink()


def _shrink(space: Held, wanted: int) -> int:
    """Free at least `wanted` bytes of an idle space, if it holds as many; returns the bytes freed."""
    remove_leftovers(space.folder)
    for segment in space.segments:
        now = look(space.folder)
        if now is None or space.bytes - now.bytes >= wanted or not _evict(segment):
            break
    if not any(path.is_dir() for path in space.folder.glob("*")):
        _drop(space.folder)
    now = look(space.folder)
    return space.bytes - (now.bytes if now else 0)


def _evict(segment: Path) -> bool:
    """Remove one segment; False where its space was opened in this very moment, or the system holds on to it."""
    gone = segment.with_name(f".evicted-{segment.name}")
    try:
        segment.rename(gone)
        if in_use(segment.parent):
            # Whoever opened the space marked it before looking for segments: it may have seen this one.
            gone.rename(segment)
            return False
    except OSError:
        return False  # another process was quicker, or (on Windows) one reads it
    shutil.rmtree(gone, ignore_errors=True)
    return True


def _drop(space: Path) -> None:
    """Remove an empty space; it stays if somebody is just opening it, for then it is not empty."""
    if not in_use(space):
        with contextlib.suppress(OSError):
            (space / FACTS).unlink(missing_ok=True)
            space.rmdir()
