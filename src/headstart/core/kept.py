"""Small files kept from one fit for the next, those used least recently given up where they grow too many."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import NamedTuple

from headstart.core.errors import HeadstartError
from headstart.core.files import cache_folder, write_whole

MOST_BYTES = 10**9
SHARE = 20
"""They may hold one SHARE-th of what the store may, within the same limit, and never more than MOST_BYTES."""

KEPT = "kept"
"""The folder of them, beside the store: solved heads, outputs of baselines, learning curves, findings."""

HOUR = 3600.0
"""No write takes so many seconds: what is half written and older was left by a process that was killed."""

SETTLED = 2.0
BELIEVED = 60.0
"""The time of a folder tells whether its files changed once it is SETTLED seconds old, for no system counts more
coarsely; some do not set it at all, and what was counted is believed for BELIEVED seconds only."""


class Kept:
    """A folder of files, by name.

    Parameters
    ----------
    most : bytes it may hold.
    """

    def __init__(self, folder: Path, most: int = MOST_BYTES) -> None:
        self.folder, self.most = Path(folder), most
        self._counted: _Counted | None = None

    def read(self, name: str) -> bytes | None:
        """The content kept as `name`, which counts as used now; None where there is none."""
        path = self.folder / name
        try:
            content = path.read_bytes()
        except OSError:
            return None
        with contextlib.suppress(OSError):  # read-only: no reason not to read what is there
            os.utime(path)
        return content

    def keep(self, name: str, content: bytes) -> None:
        """Write `content` whole or not at all; it is not kept where the disk refuses, or it alone is too much."""
        if len(content) > self.most:
            return
        with contextlib.suppress(HeadstartError):
            write_whole(self.folder / name, content)
            self._trim()

    @property
    def bytes(self) -> int:
        """What they take, with what is half written; counted anew where the folder has changed since it was asked."""
        changed = _changed(self.folder)
        if self._counted is None or not self._counted.holds(changed):
            now = time.time()
            self._counted = _Counted(sum(file.bytes for file in self._files()), changed, now)
        return self._counted.bytes

    def clear(self, older_than: float = 0) -> int:
        """Give up everything that was not used for `older_than` seconds; returns the bytes freed.

        What may still be being written stays.
        """
        until = time.time() - older_than
        old = [file for file in self._files() if not older_than or file.used <= until]
        return sum(_removed(file) for file in old if not file.half or file.left)

    def _trim(self) -> None:
        files = self._files()
        held = sum(file.bytes for file in files) - sum(_removed(file) for file in files if file.left)
        if held <= self.most:
            return
        for file in sorted((file for file in files if not file.half), key=lambda file: (file.used, file.path)):
            held -= _removed(file)
            if held <= self.most:
                return

    def _files(self) -> list[_File]:
        """All of them, those half written included, by one pass over the folder."""
        found = []
        with contextlib.suppress(OSError), os.scandir(self.folder) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):  # removed in this moment
                    if entry.is_file():
                        about = entry.stat()
                        found.append(_File(entry.path, about.st_size, about.st_mtime))
        return found


class _File(NamedTuple):
    """One file of the folder, and when it was last used, in seconds since 1970."""

    path: str
    bytes: int
    used: float

    @property
    def half(self) -> bool:
        """Whether it is being written, or was when its process was killed: such names have a leading dot."""
        return os.path.basename(self.path).startswith(".")

    @property
    def left(self) -> bool:
        """Whether a killed process left it half written."""
        return self.half and time.time() - self.used > HOUR


class _Counted(NamedTuple):
    """What the files took at the time `at`, when their folder had last changed at `changed`."""

    bytes: int
    changed: float
    at: float

    def holds(self, changed: float) -> bool:
        """Whether they take as much still, their folder having last changed at `changed`."""
        return changed == self.changed < self.at - SETTLED and 0 <= time.time() - self.at < BELIEVED


def kept_files() -> Kept:
    """Those of this person's fits."""
    return beside(cache_folder())


def beside(folder: Path, limit: int | None = None) -> Kept:
    """Those in a cache `folder`, whose store may hold `limit` bytes."""
    return Kept(folder / KEPT, MOST_BYTES if limit is None else min(MOST_BYTES, limit // SHARE))


def _changed(folder: Path) -> float:
    """When files were last added to `folder` or removed, in seconds since 1970; 0 where there is none."""
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0


def _removed(file: _File) -> int:
    """Bytes that removing `file` freed; 0 where another process was quicker, or reads it (on Windows)."""
    try:
        os.unlink(file.path)
    except OSError:
        return 0
    return file.bytes
