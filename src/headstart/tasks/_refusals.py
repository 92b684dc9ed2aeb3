"""What tasks say that cannot do what is asked of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.core.errors import UsageError

if TYPE_CHECKING:
    from headstart.tasks.base import Task


def no_names(task: type[Task]) -> UsageError:
    """There are no classes with names."""
    return UsageError(
        f"--labels names classes, one for each example; the task {task.name} predicts {task.predicted()}. "
        "Leave --labels out, or say --task classification."
    )
