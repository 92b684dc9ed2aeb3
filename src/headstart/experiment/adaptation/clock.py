"""What has been spent of the time that an adaptation may take."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from headstart.core.timing import Stopwatch, say_duration
from headstart.ladder.reasons import OF_THE_BUDGET

FOR_THE_END = 0.05
"""The share of the budget that is left for deciding and writing."""


@dataclass(frozen=True)
class Clock:
    """What has been spent of the ``budget`` in seconds."""

    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    budget: float = math.inf

    @property
    def end(self) -> float:
        """Seconds by the stopwatch after which no adaptation is tried."""
        return self.budget * (1 - FOR_THE_END)

    @property
    def left(self) -> float:
        """Seconds in which adaptations may still be tried."""
        return self.end - self.stopwatch.total

    def too_long(self, seconds: float) -> str:
        """Why nothing is begun that takes so many `seconds`."""
        taken = f"it would take about {say_duration(seconds)}; " if seconds else ""
        return f"{taken}{say_duration(self.stopwatch.total)} {OF_THE_BUDGET} {say_duration(self.budget)} are spent"
