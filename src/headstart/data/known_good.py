"""Inputs that were decoded whole before, remembered by their content, so that no later fit decodes them to look."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from headstart.core.errors import HeadstartError
from headstart.core.files import cache_folder, digest, write_whole

MOST = 2**20
"""Digests kept for one way of checking, 16 bytes each; the newest stay."""

_BYTES = 16


class KnownGood:
    """Content digests of inputs that can be used.

    Parameters
    ----------
    folder : where they lie, one file for each way of checking.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def of(self, checked_by: str) -> dict[str, None]:
        """The digests that stood the check `checked_by`, oldest first; none where nothing is remembered."""
        with contextlib.suppress(OSError):
            return dict.fromkeys(_digests(self._file(checked_by).read_bytes()))
        return {}

    def add(self, checked_by: str, fingerprints: Iterable[str]) -> None:
        """Remember more; where the disk refuses, they are forgotten."""
        known = self.of(checked_by) | dict.fromkeys(fingerprints)
        with contextlib.suppress(HeadstartError):
            write_whole(self._file(checked_by), bytes.fromhex("".join(list(known)[-MOST:])))

    def clear(self) -> int:
        """Forget all; returns the bytes freed."""
        files = list(self.folder.glob("*")) if self.folder.is_dir() else []
        freed = sum(file.stat().st_size for file in files)
        for file in files:
            file.unlink(missing_ok=True)
        return freed

    def _file(self, checked_by: str) -> Path:
        return self.folder / digest(checked_by)


def known_good() -> KnownGood:
    """What is remembered for this person."""
    return KnownGood(cache_folder() / "known_good")


def _digests(content: bytes) -> list[str]:
    """A file cut short by a power cut loses its last digest, no more."""
    return [content[i : i + _BYTES].hex() for i in range(0, len(content) - _BYTES + 1, _BYTES)]
