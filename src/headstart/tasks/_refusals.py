"""What tasks say that cannot do what is asked of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from headstart.core.errors import InputError, UsageError
from headstart.tasks._targets import kind_of

if TYPE_CHECKING:
    from headstart.tasks.base import Task

_NO_VALUES = {
    "boxes": "A target is boxes in a picture.",
    "mask": "A target is a mask of a picture.",
    "several": "Each example has several targets, by name.",
}

_FOUND = "Leave --task out, and each target finds the task that suits it."


def no_names(task: type[Task]) -> UsageError:
    """There are no classes with names."""
    return UsageError(
        f"--labels names classes, one for each example; the task {task.name} predicts {task.predicted()}. "
        "Leave --labels out, or say --task classification."
    )


def only_values(targets: Sequence[Any], taken: str, step: str = _FOUND) -> None:
    """That every target is a value: a word, a number, or a list of such.

    Parameters
    ----------
    taken : what the task takes, as a sentence. step : what to do instead.

    Raises
    ------
    InputError : one is boxes, a mask, or several targets by name.
    """
    if others := [kind for kind in map(kind_of, targets) if kind in _NO_VALUES]:
        raise InputError(f"{_NO_VALUES[others[0]]} {taken} {step}")
