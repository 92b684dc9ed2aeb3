"""Which engine ran a frozen part, and the trial by which it was chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class EngineTrial:
    """One engine tried: seconds to prepare it, seconds an example in batches of ``batch``, what was thought of it.

    ``difference`` is the largest from plain PyTorch, over the largest magnitude of that, and ``cosine`` the smallest
    between an example's activations by both; None where they were not compared.
    """

    engine: str
    threads: int
    preparation: float
    seconds: float
    verdict: str
    batch: int = 0
    difference: float | None = None
    cosine: float | None = None

    def __str__(self) -> str:
        """``openvino 9.1 ms (faster)``, or the reason alone where it was not timed."""
        threads = "" if self.threads == 1 else f" with {self.threads} threads"
        batch = f" in batches of {self.batch}" if self.batch else ""
        timed = f" {1000 * self.seconds:.1f} ms ({self.verdict})" if self.seconds else f": {self.verdict}"
        return f"{self.engine}{threads + batch if self.seconds else ''}{timed}"


@dataclass(frozen=True)
class EngineChoice:
    """Which engine ran a frozen part, and the figures by which it was chosen; ``examples`` were to be run.

    ``batch`` is the number of examples it ran at once, 0 where that was not recorded.
    """

    part: str
    engine: str
    threads: int
    examples: int
    tried: list[EngineTrial]
    batch: int = 0

    def __str__(self) -> str:
        """What was chosen and why, in one line."""
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        batch = f", batches of {self.batch}" if self.batch else ""
        apart = "" if self.difference is None else f", at most {self.difference:.0e} from plain PyTorch"
        return f"{self.engine}, {threads}{batch}{apart}. Tried: {'; '.join(map(str, self.tried))}."

    @property
    def work(self) -> float:
        """Seconds that all the examples take by what the chosen engine was found to take."""
        found = [trial.seconds for trial in self.tried if trial.engine == self.engine and trial.seconds]
        return self.examples * min(found, default=0.0)

    @property
    def difference(self) -> float | None:
        """The largest that the chosen engine was found to be from plain PyTorch; None for that itself."""
        compared = [trial.difference for trial in self.tried if trial.engine == self.engine and trial.seconds]
        return max((found for found in compared if found is not None), default=None)

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> EngineChoice:
        """Read back from the plain object in ``result.json``."""
        return cls(**{**plain, "tried": [EngineTrial(**trial) for trial in plain["tried"]]})
