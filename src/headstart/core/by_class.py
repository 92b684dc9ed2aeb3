"""Figures of each class, and where in a result they stand."""

from __future__ import annotations

from typing import Any, NamedTuple

BY_CLASS = ("auroc", "sensitivity", "specificity", "operating_point")
"""Keys that hold an object with an entry for each class, of classification: the class against the rest."""

AT_LEAST = "at_least"
"""Key of an operating point: ``{"sensitivity": 0.95}``, what it was chosen to reach; without it, it is Youden's."""

ByClass = dict[str, dict[str, Any]]
"""Name of a figure → class → ``[value, low, high]``, or of an operating point an object; JSON-ready."""


class Wanted(NamedTuple):
    """What operating points are chosen for: at least this ``share`` of sensitivity or of specificity."""

    figure: str
    share: float


def without_classes(plain: dict[str, Any]) -> tuple[dict[str, Any], ByClass | None]:
    """A result without the figures of ``test`` by class, and these; of several targets there are none."""
    test = plain["test"] or {}
    if not any(isinstance(figure, list | tuple) for figure in test.values()):
        return plain, None
    by_class = {name: each for name, each in test.items() if isinstance(each, dict)}
    rest = {name: figure for name, figure in test.items() if name not in by_class}
    return {**plain, "test": rest}, by_class or None
