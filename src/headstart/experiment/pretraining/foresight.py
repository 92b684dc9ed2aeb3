"""Foresees where the first epoch of a pretraining takes more than the budget: it is not cut, so that is said."""

from __future__ import annotations

from dataclasses import dataclass

from headstart.core.progress import Counter, Progress
from headstart.core.timing import Stopwatch, say_duration

TOLD_AFTER = 2.0
"""Seconds of the epoch by which it is told how long all of it takes."""


@dataclass
class Foresight(Counter):
    """Counts by `counter` through an epoch of ``whole`` and says once where it is to end after the deadline.

    Attributes
    ----------
    noun : what is counted, as a person calls it. deadline : seconds by the stopwatch.
    """

    counter: Counter
    whole: int
    noun: str
    stopwatch: Stopwatch
    deadline: float
    progress: Progress
    done: int = 0
    said: bool = False
    began: float = 0.0
    first: int = 0

    def advance(self, count: int = 1) -> None:
        self.counter.advance(count)
        self.done += count
        now = self.stopwatch.total
        if not self.first:  # from here on it counts: the first of all is slow, for it compiles and begins workers
            self.began, self.first = now, self.done
            return
        taken = now - self.began
        end = now + taken * (self.whole - self.done) / (self.done - self.first)
        if self.said or taken < TOLD_AFTER or end <= self.deadline:
            return
        self.said = True
        self.progress.say(
            f"  The budget is too small for an epoch of {self.whole:,} {self.noun}: this one ends about "
            f"{say_duration(end)} after the beginning, and no other follows."
        )

    def close(self) -> None:
        self.counter.close()
