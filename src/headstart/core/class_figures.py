"""The names of figures that are about one class alone."""

from __future__ import annotations

from headstart.core.results import WITHIN

OF = " of "
"""Stands between the name of a figure and that of the class that it is about."""


def of_class(figure: str, label: str) -> str:
    """``iou of sky``."""
    return figure + OF + label


def is_of_class(name: str) -> bool:
    """Whether a figure is about one class alone."""
    return OF in name.rpartition(WITHIN)[2]
