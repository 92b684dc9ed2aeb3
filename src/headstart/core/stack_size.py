"""How many neighbouring slices of a volume make a short stack."""

from __future__ import annotations

MOST = 31
"""A larger stack would be no short one: each slice is a channel of one picture."""


def mistake_of_stack(slices: int) -> str | None:
    """Why so many slices make no stack, as a sentence; None where they do."""
    if 1 <= slices <= MOST and slices % 2:
        return None
    return f"a stack has an odd number of slices from 1 to {MOST}, as many on each side of the middle; got {slices}"
