"""Small files kept from one fit for the next, those used least recently given up where they grow too many."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from headstart.core.errors import HeadstartError
from headstart.core.files import cache_folder, write_whole

MOST_BYTES = 10**9
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
        """Write `content` whole or not at all; where the disk refuses it is not kept."""
        with contextlib.suppress(HeadstartError):
            write_whole(self.folder / name, content)
            self._trim()

    @property
    def bytes(self) -> int:
        """What they take."""
        return sum(_size(path) for path in self._files())

    def clear(self) -> int:
        """Give up everything; returns the bytes freed."""
        return sum(_removed(path) for path in self._files())

    def _trim(self) -> None:
        oldest = sorted((path.stat().st_mtime, path) for path in self._files() if path.exists())
        held = self.bytes
        for _, path in oldest[:-1]:
            if held <= self.most:
                return
            held -= _removed(path)

    def _files(self) -> list[Path]:
        """Those written whole: names with a leading dot are being written."""
        return [path for path in self.folder.glob("[!.]*") if path.is_file()] if self.folder.is_dir() else []


def kept_files() -> Kept:
    """Those of this person's fits."""
    return Kept(cache_folder() / KEPT)


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
