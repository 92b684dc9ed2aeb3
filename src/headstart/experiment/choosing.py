"""Which strategies climb: the ladder's, or the one asked for with its settings."""

from __future__ import annotations

from headstart.core.settings import with_settings
from headstart.strategies import STRATEGIES
from headstart.strategies.base import Strategy


def choose_strategies(asked: str | Strategy | None) -> list[Strategy]:
    """All strategies for None; else the one asked for.

    Parameters
    ----------
    asked : a strategy object, or ``name``, or ``name:setting=value,setting=value``.

    Raises
    ------
    UsageError : an unknown strategy, or settings it cannot take; the nearest names are offered.
    """
    if asked is None:
        return [STRATEGIES.load(name)() for name in STRATEGIES.names()]
    return [asked if isinstance(asked, Strategy) else with_settings(STRATEGIES, asked, "--strategy")]
