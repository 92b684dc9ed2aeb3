"""The figures that judge a finished model."""

from __future__ import annotations

from headstart.core.results import Figures, FitResult


def measured(result: FitResult) -> Figures:
    """The test figures; without a test split those of the kept rung on held-out examples."""
    if result.test is not None:
        return result.test
    return next((rung.validation for rung in result.rungs if rung.kept), {})
