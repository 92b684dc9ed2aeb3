"""Which strategies climb: the ladder's, or the one asked for with its settings."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass
from typing import Any

from headstart.core.errors import UsageError, nearest
from headstart.core.registry import plugin_name
from headstart.strategies import STRATEGIES
from headstart.strategies.base import Strategy


@dataclass(frozen=True)
class Climbers:
    """The strategies to climb, and which of them (by plug-in name) may be kept in the end."""

    strategies: list[Strategy]
    eligible: frozenset[str]


def choose_strategies(asked: str | Strategy | None) -> Climbers:
    """All strategies for None; else the one asked for, after the one it starts from.

    Parameters
    ----------
    asked : a strategy object, or ``name``, or ``name:setting=value,setting=value``.

    Raises
    ------
    UsageError : an unknown strategy or setting; the nearest is offered.
    """
    if asked is None:
        names = STRATEGIES.names()
        return Climbers([STRATEGIES.load(name)() for name in names], frozenset(names))
    strategy = asked if isinstance(asked, Strategy) else _named(asked)
    first = [_named(strategy.starts_from)] if strategy.starts_from else []
    return Climbers([*first, strategy], frozenset([plugin_name(type(strategy).__name__)]))


def _named(asked: str) -> Strategy:
    name, _, settings = asked.partition(":")
    strategy = STRATEGIES.load(name)
    allowed = list(inspect.signature(strategy).parameters)
    values: dict[str, Any] = {}
    for setting in filter(None, settings.split(",")):
        key, equals, value = setting.partition("=")
        if key not in allowed or not equals:
            raise UsageError(
                f"--strategy {asked}: {setting!r} is no setting of {name}.{nearest(key, allowed)} "
                f"Write setting=value; allowed: {', '.join(allowed) or 'none'}."
            )
        values[key] = _value(value)
    return strategy(**values)


def _value(text: str) -> Any:
    """``3`` → 3, ``true`` → True, ``none`` → None, anything else as text."""
    words = {"true": True, "false": False, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
