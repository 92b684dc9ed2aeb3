"""Which part of an input a view shows, and whether mirrored, so that targets with a place can follow."""

from __future__ import annotations

from typing import NamedTuple


class Placement(NamedTuple):
    """A box with the proportions of the input, and whether it is shown mirrored from left to right.

    Attributes
    ----------
    left, top : where it begins, as shares of the input's width and height. side : its share of both.
    """

    left: float = 0.0
    top: float = 0.0
    side: float = 1.0
    mirrored: bool = False

    @property
    def edges(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom, as shares."""
        return self.left, self.top, self.left + self.side, self.top + self.side


WHOLE = Placement()
"""The input as it is."""
