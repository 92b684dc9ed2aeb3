"""Figures of each class, and where in a result they stand."""

from __future__ import annotations

from typing import Any

BY_CLASS = ("auroc", "sensitivity", "specificity", "operating_point")
"""Keys that hold an object with an entry for each class, of classification: the class against the rest."""

ByClass = dict[str, dict[str, Any]]
"""Name of a figure → class → ``[value, low, high]``, or of an operating point an object; JSON-ready."""


def without_classes(plain: dict[str, Any]) -> tuple[dict[str, Any], ByClass | None]:
    """A result without the figures of ``test`` by class, and these; of several targets there are none."""
    test = plain["test"] or {}
    if not any(isinstance(figure, list | tuple) for figure in test.values()):
        return plain, None
    by_class = {name: each for name, each in test.items() if isinstance(each, dict)}
    rest = {name: figure for name, figure in test.items() if name not in by_class}
    return {**plain, "test": rest}, by_class or None
