"""What the store holds: its spaces, what each is for, how large it is, and when it was last used. Loads no torch."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from headstart.core.errors import HeadstartError, UsageError
from headstart.core.files import cache_folder, write_json
from headstart.core.in_use import PREFIX, in_use
from headstart.core.sizes import parse_size

FACTS, SEGMENTS = "space.json", "segment-"
LIMIT = 20 * 10**9
SHARE = 5
"""Without HEADSTART_CACHE_LIMIT the store may hold LIMIT bytes, or one SHARE-th of the disk that is not others'."""


@dataclass(frozen=True)
class Held:
    """One space of the store.

    Attributes
    ----------
    facts : what ``space.json`` says: ``about``, ``cut``, ``view`` and more; empty for one of an older version.
    bytes : of all its files.
    used : when it was last opened, read or written, to about a minute, in seconds since 1970.
    in_use : whether a living process has it open.
    """

    folder: Path
    facts: Mapping[str, Any]
    bytes: int
    used: float
    in_use: bool

    @property
    def segments(self) -> list[Path]:
        """Its segments, the oldest first."""
        return sorted(self.folder.glob(f"{SEGMENTS}*"))

    @property
    def examples(self) -> int:
        """How many different examples it holds."""
        return len({key for segment in self.segments for key in _keys(segment)})


def store_folder() -> Path:
    """Where the store of this person lies."""
    return cache_folder() / "frontiers"


def survey(store: Path) -> list[Held]:
    """The spaces of `store`, the one used last first. Folders that are no spaces are left out, and left alone."""
    if not store.is_dir():
        return []
    named = (folder for folder in store.iterdir() if re.fullmatch(r"[0-9a-f]{32}", folder.name))
    held = [space for folder in named if (space := look(folder))]
    return sorted(held, key=lambda space: (-space.used, space.folder.name))


def look(folder: Path) -> Held | None:
    """One space; None where another process has just removed it, or another person keeps it from us."""
    try:
        size = sum(_size(entry) for entry in os.scandir(folder) if not entry.name.startswith(PREFIX))
        stamp = folder / FACTS
        used = (stamp if stamp.exists() else folder).stat().st_mtime
        facts = json.loads(stamp.read_text(encoding="utf-8")) if stamp.exists() else {}
    except (FileNotFoundError, PermissionError):  # removed, or another person's alone
        return None
    except ValueError:
        facts = {}  # torn by a power cut: the space is as good as ever, only nameless
    return Held(folder, facts if isinstance(facts, dict) else {}, size, used, in_use(folder))


def next_number(space: Path) -> int:
    """The number of the next segment of `space`: above all there are, for the lowest is taken for the oldest."""
    numbers = (re.match(rf"{SEGMENTS}(\d+)", path.name) for path in space.glob(f"{SEGMENTS}*"))
    return 1 + max((int(number[1]) for number in numbers if number), default=-1)


def note_use(folder: Path, facts: Mapping[str, Any]) -> None:
    """Leave word of what the space in `folder` is for, and that it is used now, where the disk takes it."""
    with contextlib.suppress(OSError, HeadstartError):  # read-only, or full: no reason not to read what is there
        if (folder / FACTS).exists():
            os.utime(folder / FACTS)
        elif facts:
            write_json(folder / FACTS, dict(facts))


def given_limit() -> int | None:
    """The bytes of HEADSTART_CACHE_LIMIT; None where it is not set.

    Raises
    ------
    UsageError : it is no size.
    """
    text = os.environ.get("HEADSTART_CACHE_LIMIT", "").strip()
    try:
        return parse_size(text) if text else None
    except UsageError as error:
        raise UsageError(f"HEADSTART_CACHE_LIMIT: {error}") from error


def usual_limit(store: Path, held: int) -> int:
    """Bytes that a store holding `held` bytes may hold where nobody said; the same before and after a write."""
    return min(LIMIT, (free_disk(store) + held) // SHARE)


def free_disk(folder: Path) -> int:
    """Bytes free on the disk of `folder`, which need not exist yet."""
    folder = folder.absolute()
    return shutil.disk_usage(next(path for path in (folder, *folder.parents) if path.exists())).free


def _size(entry: os.DirEntry[str]) -> int:
    try:
        if not entry.is_dir():
            return entry.stat().st_size
        return _segment_bytes(entry.path) if entry.name.startswith(SEGMENTS) else _folder_bytes(entry.path)
    except (FileNotFoundError, PermissionError):
        return 0  # half written: a moment ago, and now finished under another name or removed, or by another person


def _folder_bytes(folder: str) -> int:
    return sum(entry.stat().st_size for entry in os.scandir(folder))


# A segment never changes, and one process asks before each of its writes.
_segment_bytes = lru_cache(maxsize=2**16)(_folder_bytes)


def _keys(segment: Path) -> list[str]:
    try:
        return json.loads((segment / "index.json").read_text(encoding="utf-8"))["keys"]
    except (OSError, ValueError, KeyError):
        return []  # damaged: nothing can be read from it
