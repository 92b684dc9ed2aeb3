"""Findings kept from one examination for the next of the same evidence, by the same diagnoses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from headstart.core.arrays import bytes_of
from headstart.core.files import digest
from headstart.core.kept import Kept
from headstart.core.results import Finding
from headstart.diagnosis.base import Evidence

_ROOMS = ("core", "diagnosis")
"""What a diagnosis says follows from the evidence and from what these rooms compute."""


@dataclass(frozen=True)
class Said:
    """The findings of one diagnosis, and the names of the fields of the evidence that it read."""

    read: tuple[str, ...]
    findings: list[Finding]


def name_of(evidence: Evidence) -> str:
    """What answers about `evidence` are kept as: a digest of it, and of the code that answers."""
    parts: list[bytes | memoryview | str] = [_code()]
    for each in fields(evidence):
        parts += [each.name, *_parts(getattr(evidence, each.name))]
    return digest(*parts)


def said_before(kept: Kept, name: str) -> dict[str, Said]:
    """What was kept as `name`, by diagnosis; empty where nothing was."""
    try:
        said = json.loads(kept.read(name) or b"{}")
        return {
            diagnosis: Said(tuple(one["read"]), [Finding.from_json(each) for each in one["findings"]])
            for diagnosis, one in said.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):  # torn by a power cut
        return {}


def keep(kept: Kept, name: str, said: Mapping[str, Said]) -> None:
    """Keep what each diagnosis said where the disk takes it."""
    kept.keep(name, json.dumps({diagnosis: asdict(one) for diagnosis, one in said.items()}).encode())


def _parts(value: Any) -> list[bytes | memoryview | str]:
    """`value` as parts of a digest: arrays by their bytes, all else by how it is written."""
    if isinstance(value, np.ndarray):
        return [str(value.dtype), str(value.shape), bytes_of(value)]
    if isinstance(value, Evidence):
        return [part for each in fields(value) for part in (each.name, *_parts(getattr(value, each.name)))]
    if isinstance(value, Mapping):
        return [part for key in sorted(value) for part in (str(key), *_parts(value[key]))]
    return [repr(value)]


@lru_cache(maxsize=1)
def _code() -> str:
    """A digest of the code that the findings come from: with other code they are found anew."""
    root = Path(__file__).resolve().parents[1]
    return digest(*(file.read_bytes() for room in _ROOMS for file in sorted((root / room).rglob("*.py"))))
