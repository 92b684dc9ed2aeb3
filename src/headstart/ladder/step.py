"""A step of the ladder: a rung with its strategy and its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from headstart.strategies.base import Climbed, Rung, Strategy


@dataclass(frozen=True)
class Step:
    """A rung, its strategy, and where its files lie: the finished landing, and what a resumed fit must know."""

    strategy: Strategy
    rung: Rung
    folder: Path

    @property
    def begun(self) -> Path:
        """Holds the epochs the rung was begun with."""
        return self.folder.with_suffix(".begun.json")

    @property
    def left_out(self) -> Path:
        """Exists where the rung was left out."""
        return self.folder.with_suffix(".left-out.json")

    def tunes(self, climbed: Climbed) -> bool:
        """Whether the backbone was trained in climbing it."""
        return bool(climbed.curve) and self.rung.reach > 0


def place_of(rung: Rung) -> tuple[bool, bool, float, bool]:
    """Where a rung stands on the ladder: frozen backbones first, then what is made for few examples."""
    return (rung.reach > 0, not rung.for_few, rung.reach, rung.learns)
