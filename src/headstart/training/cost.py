"""What a rung will cost, as a trial has found it: once, for each augmented view, and for each epoch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """Seconds that a rung takes.

    Attributes
    ----------
    epoch : of each epoch; what is solved has a single one.
    once : before the first epoch, however many follow.
    view : for each of the ``views`` of the examples; fewer epochs see fewer of them.
    """

    epoch: float
    once: float = 0.0
    view: float = 0.0
    views: int = 1

    def of(self, epochs: int) -> float:
        """Seconds of so many epochs, with all that comes before them."""
        return self.once + min(epochs, self.views) * self.view + epochs * self.epoch

    def more(self, epochs: int, share: float) -> float:
        """Seconds of so many epochs over every example, `share` more for each learnt from, whose views are new."""
        return epochs * (1 + share) * self.epoch + min(epochs, self.views) * share * self.view

    def times(self, often: int) -> Cost:
        """That of climbing so often."""
        return Cost(often * self.epoch, often * self.once, often * self.view, self.views)
