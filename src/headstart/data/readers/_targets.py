"""Makes raw target cells into strings, numbers or lists of strings; names every row that is missing or mixed."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from headstart.core.errors import InputError, Problem
from headstart.data.readers._numbers import number, shown, whole

_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_NOT_AVAILABLE = frozenset({"na", "n/a", "#n/a", "nan", "null", "none", "-", "?"})
_FIX = "fill it in, or remove the row"
_DECIMAL = re.compile(r"[+-]\d+,\d+|\d+,0\d|0,\d{3,}|\d+,\d{4,}")
_CENTS = re.compile(r"\d+,\d\d")


def clean_targets(
    values: Sequence[Any], ids: Sequence[str], where: str, decimal_comma: bool | None = False, may_lack: bool = False
) -> list[Any]:
    """N targets of one type: all strings, all numbers, or all lists of strings; None too where they `may_lack`.

    Parameters
    ----------
    decimal_comma : whether ``3,5`` is a number; None where the cells themselves must show that it is no two labels.

    Raises
    ------
    InputError : targets are missing, or of mixed types; every such row is named.
    """
    targets = [_plain(value) for value in values]
    if decimal_comma or (decimal_comma is None and _show_decimals(targets)):
        targets = _with_points(targets)
    words_only = all(target is None or isinstance(target, str) for target in targets)
    if words_only and looks_like_label_sets(targets, "|;"):  # "a|b", "a", "": an empty cell is an answer there
        return ["" if target is None else target for target in targets]
    targets = _as_numbers(targets)
    problems = [
        Problem(id_, "the target is missing", _FIX)
        for id_, target in zip(ids, targets, strict=True)
        if not is_present(target) and not may_lack
    ]
    problems += _mixed(targets, ids)
    if problems:
        raise InputError(problems, f"{where}: {len(problems)} of {len(targets)} targets cannot be used.")
    return targets


def is_present(value: Any) -> bool:
    """Whether a cell holds something: not None, not NaN, not blank."""
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, float | np.floating):
        return not math.isnan(value)
    return value is not None and type(value).__name__ not in ("NAType", "NaTType")  # what pandas calls missing


def is_number(value: Any) -> bool:
    """Whether a cell is a number or the text of one; ``007`` is a code and True an answer."""
    if isinstance(value, str):
        return bool(_NUMBER.fullmatch(value.strip()))
    return isinstance(value, int | float) and not isinstance(value, bool)


def looks_like_label_sets(targets: Sequence[Any], separators: str = "|;,") -> bool:
    """Whether a fifth of the words hold one of these separators, as several labels in a cell do."""
    words = [target for target in targets if isinstance(target, str) and not is_number(target)]
    return any(5 * sum(separator in word for word in words) >= max(1, len(words)) for separator in separators)


def _plain(value: Any) -> Any:
    """A Python value: numpy unwrapped, words stripped, booleans as words, NaN and blanks as None."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return [str(item).strip() for item in items if is_present(item)]
    if isinstance(value, bool):
        return str(value)
    if not is_present(value):
        return None
    return value.strip() if isinstance(value, str) else value


def _show_decimals(targets: list[Any]) -> bool:
    """Whether some cell has a sign, or digits behind its comma that no label and no thousands have; or all with a
    comma have cents.
    """
    commas = [target for target in targets if isinstance(target, str) and "," in target]
    cents = all(_CENTS.fullmatch(cell) for cell in commas) and any(cell.endswith("0") for cell in commas)
    return bool(commas) and (cents or any(_DECIMAL.fullmatch(cell) for cell in commas))


def _with_points(targets: list[Any]) -> list[Any]:
    """``3,5`` → ``3.5`` when every cell reads as a number then."""
    pointed = [t.replace(",", ".") if isinstance(t, str) else t for t in targets]
    return pointed if all(t is None or is_number(t) for t in pointed) else targets


def _as_numbers(targets: list[Any]) -> list[Any]:
    """Texts of numbers as numbers, where nothing but numbers and "not available" occurs; else as they were."""
    available = [t for t in targets if t is not None and not (isinstance(t, str) and t.lower() in _NOT_AVAILABLE)]
    if not available or not all(is_number(target) for target in available):
        return targets
    return [_number(target) if target is not None and is_number(target) else None for target in targets]


def _number(target: Any) -> int | float:
    if not isinstance(target, str):
        return target
    value = float(target)
    # A whole number stays one: classes 0, 1, 2 should not read 0.0, 1.0, 2.0.
    return whole(target) if re.fullmatch(r"[+-]?\d+", target) else value


def _kind(target: Any) -> str:
    if isinstance(target, list):
        return "a list"
    if is_number(target):
        return "a number" if math.isfinite(number(target) or 0.0) else "an infinite number"
    return "a word" if isinstance(target, str) else f"a {type(target).__name__}"


def _mixed(targets: list[Any], ids: Sequence[str]) -> list[Problem]:
    """The rows whose target is of another kind than most, and those of a kind that cannot be a target."""
    kinds = [None if target is None else _kind(target) for target in targets]
    counts = Counter(kind for kind in kinds if kind is not None)
    words = [t for t, kind in zip(targets, kinds, strict=True) if kind == "a word"]
    texts = all(isinstance(target, str) for target in targets if target is not None)
    if texts and set(counts) == {"a number", "a word"} and all(word.isdigit() for word in words):
        return []  # 007 and 123: codes, all of them words
    allowed = [kind for kind, _ in counts.most_common() if kind in ("a word", "a number", "a list")]
    usual = allowed[0] if allowed else "a word, a number or a list of words"
    fix = "numbers and words cannot be mixed: correct the row, or write every target as a word, e.g. 'class 3'"
    return [
        Problem(id_, f"the target {shown(target, 60)} is {kind} where {counts[usual]} others are {usual[2:]}s", fix)
        for id_, target, kind in zip(ids, targets, kinds, strict=True)
        if kind is not None and kind != usual
    ]
