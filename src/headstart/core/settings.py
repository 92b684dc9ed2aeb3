"""A plug-in by its name and settings, ``name:setting=value,setting=value``, as a person writes them."""

from __future__ import annotations

import ast
import inspect
import re
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from headstart.core.errors import UsageError, nearest

_NEXT = re.compile(r",(?=\s*\w+\s*=)")
"""Where the next setting may begin."""


class PlugIns(typing.Protocol):
    """Plug-ins by their names."""

    def load(self, name: str) -> Any:
        """The plug-in class called `name`."""


def with_settings(registry: PlugIns, asked: str, option: str) -> Any:
    """The plug-in of `registry` that is `asked` for, made with its settings.

    Parameters
    ----------
    asked : ``name``, or ``name:setting=value,setting=value``. option : what a person wrote it after, for the message.

    Raises
    ------
    UsageError : an unknown plug-in, or settings it cannot take; the nearest names are offered.
    """
    name, _, settings = asked.partition(":")
    plug_in = registry.load(name)
    allowed = list(inspect.signature(plug_in).parameters)
    hints = typing.get_type_hints(plug_in.__init__)
    values: dict[str, Any] = {}
    mistakes: list[str] = []
    for setting in _parted(settings, allowed, hints):
        key, equals, text = (part.strip() for part in setting.partition("="))
        value = _value(text, hints.get(key, Any))
        if key not in allowed or not equals:
            mistakes.append(f"{setting!r} is no setting of {name}.{nearest(key, allowed)}")
        elif wrong := _mistake(value, hints.get(key, Any)):
            mistakes.append(f"{setting!r}: {key} must be {wrong}.")
        else:
            values[key] = value
    if mistakes:
        raise UsageError(
            f"{option} {asked}: {' '.join(mistakes)} Write setting=value; allowed: {', '.join(allowed) or 'none'}."
        )
    return plug_in(**values)


def _parted(settings: str, allowed: Sequence[str], hints: Mapping[str, Any]) -> list[str]:
    """``a=1,b=x, y`` → ``a=1``, ``b=x, y``: a comma within words stays there, also before an equals sign unless the
    name of a setting stands between them."""
    found: list[str] = []
    for part in _NEXT.split(settings):
        key = found[-1].partition("=")[0].strip() if found else ""
        of_words = key in allowed and _are_words(hints.get(key, Any))
        if of_words and part.partition("=")[0].strip() not in allowed:
            found[-1] += f",{part}"
        elif part.strip():
            found.append(part.rstrip(", "))
    return found


def each_asked(text: str) -> list[str]:
    """``a,b:x=1,y=2,c`` → ``a``, ``b:x=1,y=2``, ``c``: a setting belongs to the name before it."""
    asked: list[str] = []
    for part in filter(None, (each.strip() for each in text.split(","))):
        if asked and "=" in part and ":" not in part:
            asked[-1] += f",{part}"
        else:
            asked.append(part)
    return asked


def _value(text: str, hint: Any) -> Any:
    """``3`` → 3, ``true`` → True, ``none`` → None, anything else as text; where words are wanted, all but none."""
    words = {"true": True, "false": False, "none": None}
    if _are_words(hint):
        plain = text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text
        return None if text.lower() == "none" and hint is not str else plain
    if text.lower() in words:
        return words[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


_SAID = {int: "a whole number", float: "a number", bool: "true or false", str: "a word", types.NoneType: "none"}


def _kinds(hint: Any) -> tuple[Any, ...]:
    """The types that an annotation allows."""
    return typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)


def _are_words(hint: Any) -> bool:
    """Whether an annotation allows words, and nothing else but none."""
    return set(_kinds(hint)) <= {str, types.NoneType}


def _mistake(value: Any, hint: Any) -> str:
    """What the value of a setting with this annotation must be, or nothing when it is."""
    kinds = _kinds(hint)
    if not all(kind in _SAID for kind in kinds):
        return ""  # a setting of a plug-in from outside, which judges it itself
    fits = type(value) in kinds or (type(value) is int and float in kinds)
    if not fits:
        return " or ".join(_SAID[kind] for kind in kinds)
    return "" if isinstance(value, str | None) or value >= 0 else "0 or more"
