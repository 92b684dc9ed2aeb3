"""What a safetensors file holds, from its header alone."""

from __future__ import annotations

import json
from pathlib import Path

LONGEST = 100_000_000
"""Bytes that the format allows a header."""


def tensor_shapes(file: Path) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor by name; none where the file is absent or its header broken."""
    if not file.is_file():
        return {}
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if not 0 < length <= LONGEST:
            return {}
        try:
            header = json.loads(stream.read(length))
        except ValueError:
            return {}
    if not isinstance(header, dict):
        return {}
    return {name: tuple(entry["shape"]) for name, entry in header.items() if name != "__metadata__"}
