"""Which strategies climb: the ladder's, or the one asked for with its settings."""

from __future__ import annotations

import ast
import inspect
import types
import typing
from typing import Any

from headstart.core.errors import UsageError, nearest
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
    return [asked if isinstance(asked, Strategy) else _named(asked)]


def _named(asked: str) -> Strategy:
    name, _, settings = asked.partition(":")
    strategy = STRATEGIES.load(name)
    allowed = list(inspect.signature(strategy).parameters)
    hints = typing.get_type_hints(strategy.__init__)
    values: dict[str, Any] = {}
    mistakes: list[str] = []
    for setting in filter(None, settings.split(",")):
        key, equals, text = (part.strip() for part in setting.partition("="))
        if key not in allowed or not equals:
            mistakes.append(f"{setting!r} is no setting of {name}.{nearest(key, allowed)}")
        elif wrong := _mistake(_value(text), hints.get(key, Any)):
            mistakes.append(f"{setting!r}: {key} must be {wrong}.")
        else:
            values[key] = _value(text)
    if mistakes:
        raise UsageError(
            f"--strategy {asked}: {' '.join(mistakes)} Write setting=value; allowed: {', '.join(allowed) or 'none'}."
        )
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


_SAID = {int: "a whole number", float: "a number", bool: "true or false", str: "a word", types.NoneType: "none"}


def _mistake(value: Any, hint: Any) -> str:
    """What the value of a setting with this annotation must be, or nothing when it is."""
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if not all(kind in _SAID for kind in kinds):
        return ""  # a setting of an outside strategy, which judges it itself
    fits = type(value) in kinds or (type(value) is int and float in kinds)
    if not fits:
        return " or ".join(_SAID[kind] for kind in kinds)
    return "" if isinstance(value, str | None) or value >= 0 else "0 or more"
