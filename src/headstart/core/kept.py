"""Small files kept from one fit for the next, those used least recently given up where they grow too many."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from headstart.core.errors import HeadstartError
from headstart.core.files import cache_folder, write_whole

MOST_BYTES = 10**9
SHARE = 20
"""They may hold one SHARE-th of what the store may, within the same limit, and never more than MOST_BYTES."""

KEPT = "kept"
"""The folder of them, beside the store: solved heads, outputs of baselines, learning curves, findings."""


class Kept:
    """A folder of files, by name.

    Parameters
    ----------
    most : bytes it may hold.
    """

    def __init__(self, folder: Path, most: int = MOST_BYTES) -> None:
        self.folder, self.most = Path(folder), most

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
        """What they take."""
        return sum(_size(path) for path in self._files())

    def clear(self, older_than: float = 0) -> int:
        """Give up everything that was not used for `older_than` seconds; returns the bytes freed."""
        until = time.time() - older_than
        return sum(_removed(path) for path in self._files() if not older_than or _used(path) <= until)

    def _trim(self) -> None:
        held = self.bytes
        for path in sorted(self._files(), key=lambda path: (_used(path), path)):
            if held <= self.most:
                return
            held -= _removed(path)

    def _files(self) -> list[Path]:
        """Those written whole: names with a leading dot are being written."""
        return [path for path in self.folder.glob("[!.]*") if path.is_file()] if self.folder.is_dir() else []


def kept_files() -> Kept:
    """Those of this person's fits."""
    return beside(cache_folder())


def beside(folder: Path, limit: int | None = None) -> Kept:
    """Those in a cache `folder`, whose store may hold `limit` bytes."""
    return Kept(folder / KEPT, MOST_BYTES if limit is None else min(MOST_BYTES, limit // SHARE))


def _used(path: Path) -> float:
    """When it was last used, in seconds since 1970; 0 for one just removed."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _removed(path: Path) -> int:
    """Bytes that removing `path` freed; 0 where another process was quicker, or reads it (on Windows)."""
    try:
        size = path.stat().st_size
        path.unlink()
    except OSError:
        return 0
    return size


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # removed in this moment
        return 0
