"""The figures that judge a finished model, and what examples are called on which rungs were compared."""

from __future__ import annotations

from headstart.core.results import Figures, FitResult

OUT_OF_FOLD = "training examples, each judged by a model that did not see it"
"""Where there are too few to hold any out."""


def measured(result: FitResult) -> Figures:
    """The test figures; without a test split those of the kept rung on held-out examples."""
    if result.test is not None:
        return result.test
    return next((rung.validation for rung in result.rungs if rung.kept), {})


def say_compared(held_out: int) -> str:
    """The examples that rungs were compared on, as words that follow "on the"; so many were `held_out` for it."""
    return "validation examples" if held_out else OUT_OF_FOLD
