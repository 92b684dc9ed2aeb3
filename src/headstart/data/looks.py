"""What inputs look like, by content: an input that was looked at once can be used, whatever its name is by now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from headstart.data.modalities.base import Look


@dataclass(frozen=True)
class Looks:
    """What N inputs look like: ``traits``, name → (N,), and ``sketches``, (N, S) or None."""

    traits: Mapping[str, np.ndarray]
    sketches: np.ndarray | None


class LookMemory(Protocol):
    """Remembers looks by content digest."""

    def __contains__(self, fingerprint: str) -> bool:
        """Whether content with this digest was looked at, and so can be used."""

    def add(self, fingerprints: Sequence[str], looks: Sequence[Look]) -> None:
        """Remember what N ≥ 1 inputs look like, by the digests of their content."""
