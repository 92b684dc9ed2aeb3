"""How large the frame may be that pictures of boxes or masks are brought to."""

from __future__ import annotations

LEAST, MOST = 96, 4096
"""Pixels: in a smaller one the coarsest maps have hardly a place, and of a larger one no memory holds the maps."""


def mistake_of_frame(side: int) -> str | None:
    """Why a frame cannot have this side, as a sentence; None where it can."""
    if LEAST <= side <= MOST:
        return None
    return f"the side of the frame lies from {LEAST} to {MOST} pixels; got {side}"
