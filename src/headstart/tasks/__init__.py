"""Tasks: one file a kind of target."""

from headstart.tasks._choose import TASKS, choose_task, task_from_description

__all__ = ["TASKS", "choose_task", "task_from_description"]
