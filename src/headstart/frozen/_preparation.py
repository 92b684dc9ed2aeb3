"""How long preparing an engine takes: as measured the last time for this frozen part, else as it typically does."""

from __future__ import annotations

import math

from headstart.core.files import digest
from headstart.core.kept import Kept
from headstart.frozen._running import FrozenModule
from headstart.frozen.engines.base import Engine


class Preparations:
    """Seconds of preparing engines for one frozen part, kept from one fit for the next."""

    def __init__(self, kept: Kept, part: FrozenModule) -> None:
        self._kept, self._part = kept, part

    def expected(self, name: str, engine: Engine) -> float:
        """Seconds that preparing the engine called `name` is counted on to take."""
        try:
            measured = float(self._kept.read(self._file(name)) or b"")
        except ValueError:  # never measured, or damaged
            return engine.typical_preparation
        return measured if math.isfinite(measured) else engine.typical_preparation

    def note(self, name: str, seconds: float) -> None:
        """Keep what it took."""
        self._kept.keep(self._file(name), f"{seconds:.3f}".encode())

    def _file(self, name: str) -> str:
        return f"preparation-{digest(name, self._part.key, str(self._part.device))}"
