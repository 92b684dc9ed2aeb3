"""Looks at raw targets: missing, number, word or list, and whether numbers are measured or name classes."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from headstart.core.boxes import Boxes
from headstart.core.targets import plain

_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
FEW_VALUES = 20


def is_missing(target: Any) -> bool:
    """Whether there is no target here: None, NaN or nothing but white space."""
    if isinstance(target, str):
        return not target.strip()
    return target is None or (isinstance(target, float | np.floating) and math.isnan(target))


def as_number(target: Any) -> float | None:
    """The finite number in `target`, or None. ``"007"`` is a code and True is an answer; neither is a number."""
    target = plain(target)
    if isinstance(target, bool):
        return None
    if isinstance(target, str):
        text = target.strip()
        target = float(text) if _NUMBER.fullmatch(text) else None
    return float(target) if isinstance(target, int | float) and math.isfinite(target) else None


def kind_of(target: Any) -> str:
    """What a person would call this target: ``missing``, ``list``, ``several`` (by name), ``boxes``, ``mask`` …"""
    if is_missing(target):
        return "missing"
    target = plain(target)
    if isinstance(target, list | tuple | set | frozenset):
        return "list"
    if isinstance(target, Mapping):
        return "several"
    if isinstance(target, Boxes):
        return "boxes"
    if isinstance(target, bool):
        return "yes or no"
    if as_number(target) is not None:
        return "number"
    return "text" if isinstance(target, str) else type(target).__name__.lower()


def looks_measured(numbers: Sequence[float]) -> bool:
    """Whether numbers read as measurements (age, price) rather than as names of classes (3, 17).

    Fractions are measured. Whole numbers are when there are many different ones, unless they are exactly
    0 … K-1 or 1 … K and each recurs, as class codes do.
    """
    counts = Counter(numbers)
    if any(not value.is_integer() for value in counts):
        return True
    if len(counts) <= FEW_VALUES:
        return False
    span = max(counts) - min(counts) + 1
    if min(counts) in (0, 1) and len(counts) == span and min(counts.values()) >= 2:
        return False
    # A run with hardly a gap (ages) is measured however often each value recurs.
    return len(counts) >= 0.8 * span or len(counts) > 0.05 * len(numbers)
