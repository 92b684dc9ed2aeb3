"""Words for counts and shares, so that every finding reads as a sentence."""

from __future__ import annotations


def counted(n: int, noun: str) -> str:
    """``1 example``, ``1,200 examples``."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def share(part: int, whole: int) -> str:
    """``2.5 %``; with a third digit below one per cent, so that few does not read as none."""
    percent = 100 * part / whole
    return f"{percent:.2g} %" if percent < 1 else f"{percent:.1f} %"


def percent(share: float) -> str:
    """``83 %``."""
    return f"{100 * share:.0f} %"
