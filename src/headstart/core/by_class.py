"""Figures of each class against the rest, and where in a result they stand."""

from __future__ import annotations

from typing import Any

BY_CLASS = ("auroc", "sensitivity", "specificity", "operating_point")
"""Keys of ``test`` that hold an object with an entry for each class, of classification."""

ByClass = dict[str, dict[str, Any]]
"""Key of BY_CLASS → class → ``[value, low, high]``, or of an operating point an object; JSON-ready."""


def without_classes(plain: dict[str, Any]) -> tuple[dict[str, Any], ByClass | None]:
    """A result without the figures of ``test`` by class, and these; of several targets there are none."""
    test = plain["test"] or {}
    if not any(isinstance(figure, list | tuple) for figure in test.values()):
        return plain, None
    by_class = {name: test[name] for name in BY_CLASS if name in test}
    rest = {name: figure for name, figure in test.items() if name not in by_class}
    return {**plain, "test": rest}, by_class or None
