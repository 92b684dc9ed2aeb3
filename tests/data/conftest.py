"""Makes small images, class folders and tables for the tests of data."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


class Make:
    """Files with known content."""

    def picture(self, path: Path, seed: int = 0, size: tuple[int, int] = (24, 16)) -> Path:
        """A noisy RGB image of (width, height), unlike that of any other seed."""
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
        Image.fromarray(pixels).save(path)
        return path

    def class_folders(self, root: Path, classes: dict[str, int], suffix: str = ".png") -> Path:
        """`root` with one subfolder a class, holding so many different images."""
        for number, (name, count) in enumerate(classes.items()):
            for i in range(count):
                self.picture(root / name / f"{i}{suffix}", seed=1000 * number + i + sum(map(ord, str(root)[-6:])))
        return root

    def bomb(self, path: Path, side: int = 50_000) -> Path:
        """A PNG of a few bytes whose header claims side × side pixels."""

        def chunk(kind: bytes, data: bytes) -> bytes:
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
        body = chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + body)
        return path

    def write(self, path: Path, text: str | bytes) -> Path:
        """A file with this content."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path


@pytest.fixture(scope="session")
def make() -> Make:
    return Make()
