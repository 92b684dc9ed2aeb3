"""Tasks: one file a kind of target."""

from headstart.tasks._choose import TASKS, choose_task, task_from_description, task_of_names

__all__ = ["TASKS", "choose_task", "task_from_description", "task_of_names"]
