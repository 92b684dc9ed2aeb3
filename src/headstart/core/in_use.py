"""Marks that a process is using a folder: a locked file, which the operating system unlocks when the process ends."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import uuid
import weakref
from pathlib import Path
from typing import BinaryIO

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

PREFIX = "in-use-"
DAY = 86_400.0
"""Where locks cannot be had (some network file systems), a mark is believed for this many seconds."""

TRIES = 8
_MINE: set[Path] = set()


class Mark:
    """Says, as long as it lives, that this process uses `folder`, so that nobody takes it away.

    Where `folder` cannot be written to there is no mark: nothing can be removed from it either.
    """

    def __init__(self, folder: Path) -> None:
        self.path: Path | None = None
        for _ in range(TRIES):
            path = Path(folder).absolute() / f"{PREFIX}{uuid.uuid4().hex[:12]}"
            try:
                file = path.open("xb")
            except OSError:
                return
            if _lock(file) is not False and path.exists():
                _MINE.add(path)
                self.path = path
                weakref.finalize(self, _let_go, file, path, os.getpid())
                return
            file.close()  # somebody took the new file for a dead process's before it was locked: once more

    @property
    def stands(self) -> bool:
        """Whether the mark is still there; not when a person removed the folder by hand."""
        return self.path is not None and self.path.exists()


def in_use(folder: Path, but: Mark | None = None) -> bool:
    """Whether a living process, this one included, has marked `folder`; the mark `but` does not count."""
    marks = [path for path in Path(folder).absolute().glob(f"{PREFIX}*") if but is None or path != but.path]
    return any(path in _MINE or _lives(path) for path in marks)


def _lives(path: Path) -> bool:
    """Whether the process that made this mark still runs; the mark of one that is gone is removed."""
    try:
        with path.open("r+b") as file:
            locked = _lock(file)
        if locked:
            path.unlink(missing_ok=True)
        return not locked if locked is not None else time.time() - path.stat().st_mtime < DAY
    except FileNotFoundError:
        return False
    except OSError:
        return True  # another person's, or held open where that forbids removing it


def _lock(file: BinaryIO) -> bool | None:
    """Lock `file` until it is closed: True if that worked, False if another holds it, None where there are none."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return None
    return True


def _let_go(file: BinaryIO, path: Path, process: int) -> None:
    """Close and remove a mark; a forked child closes only its copy of the file."""
    file.close()
    if os.getpid() == process:
        _MINE.discard(path)
        with contextlib.suppress(OSError):
            path.unlink()
