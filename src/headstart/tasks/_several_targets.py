"""Targets by name, any of which may be missing: picked apart, and figures on those that are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from torch import Tensor

from headstart.core.errors import InputError
from headstart.tasks._label_sets import is_absent
from headstart.tasks._resampling import Measure

Made = TypeVar("Made")


def names(targets: Sequence[Mapping[str, Any]]) -> list[str]:
    """All names, in the order in which they are met."""
    return list(dict.fromkeys(name for target in targets for name in target))


def given(targets: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    """The targets `name` that are there."""
    return [target[name] for target in targets if not is_absent(target.get(name))]


def each(of: Iterable[str], make: Callable[[str], Made]) -> dict[str, Made]:
    """What `make` makes for each name.

    Raises
    ------
    InputError : one or more cannot be made; all mistakes together.
    """
    made, mistakes = {}, []
    for name in of:
        try:
            made[name] = make(name)
        except InputError as error:
            mistakes.append(f"{name}: {error}")
    if mistakes:
        raise InputError("\n".join(mistakes))
    return made


def width(like: Tensor) -> int:
    """How many columns one target takes, from the encoding (0, …) of none."""
    return int(np.prod(like.shape[1:], dtype=int))


def on_known(known: np.ndarray, draws: np.ndarray, measure: Measure) -> np.ndarray:
    """`measure` (B,) of the `known` (N,) among the examples of each of the `draws` (B, N); NaN where there is none.

    `measure` takes places among the known. Draws differ in how many of them they hold, so those that hold equally
    many are measured together.
    """
    if known.all():
        return np.asarray(measure(draws))
    place = np.cumsum(known) - 1
    counts = known[draws].sum(axis=1)
    values = np.full(len(draws), np.nan)
    for count in np.unique(counts[counts > 0]):
        alike = draws[counts == count]
        values[counts == count] = measure(place[alike[known[alike]]].reshape(-1, count))
    return values
