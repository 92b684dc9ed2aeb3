"""Which part of an input a view shows, and whether mirrored, so that targets with a place can follow."""

from __future__ import annotations

from typing import NamedTuple


class Placement(NamedTuple):
    """A box in shares of the input's width and height, and whether it is shown mirrored from left to right."""

    left: float = 0.0
    top: float = 0.0
    right: float = 1.0
    bottom: float = 1.0
    mirrored: bool = False


WHOLE = Placement()
"""The input as it is."""
