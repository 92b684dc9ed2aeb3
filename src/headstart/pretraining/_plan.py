"""How long a student learns, and in what steps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """How long a student learns.

    Attributes
    ----------
    crops : P, all there are; a multiple of ``per_epoch``, that an epoch looks at. ``batch_size`` of them make a step.
    rate : the peak learning rate of AdamW. looks : at how the student does meanwhile, at most, evenly spread.
    streamed : crops are never met twice, and the teacher answers as the student sees them.
    channels_last : how pictures and weights lie in memory.
    """

    crops: int
    per_epoch: int
    epochs: int
    batch_size: int
    rate: float
    looks: int = 10
    streamed: bool = False
    channels_last: bool = False

    @property
    def steps(self) -> int:
        """Of one epoch."""
        return -(-self.per_epoch // self.batch_size)

    def looks_after(self, epochs: int) -> bool:
        """Whether a look at the student is due when so many epochs are done."""
        return epochs * self.looks // self.epochs > (epochs - 1) * self.looks // self.epochs

    def first(self, epoch: int) -> int:
        """The first of the crops that `epoch` looks at; the others follow it."""
        return epoch * self.per_epoch % self.crops
