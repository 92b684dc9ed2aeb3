"""The ending: what is left to do when nothing trains any more, and the seconds that are set aside for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Ending:
    """Examples that the kept network has yet to answer, and whose figures are yet to be taken.

    Whoever tries or measures what one takes notes it here; all benches of a fit share it.

    Attributes
    ----------
    answered, scored : how many of each.
    answer : seconds that the dearest network so far takes for one. score : seconds of one's figures; None before any
        were taken.
    """

    answered: int = 0
    scored: int = 0
    answer: float = 0.0
    score: float | None = None

    @property
    def seconds(self) -> float:
        """What is to be set aside; 0 while nothing is known."""
        return self.answered * self.answer + self.scored * (self.score or 0.0)

    def answers_take(self, seconds: float) -> None:
        """An example was answered in so many; where answers were stored that tells too little, so the most counts."""
        self.answer = max(self.answer, seconds)

    def figures_take(self, seconds: float) -> None:
        """The figures of an example were taken in so many."""
        self.score = seconds
