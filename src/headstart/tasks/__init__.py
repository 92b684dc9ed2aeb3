"""Tasks: one file a kind of target."""

from headstart.core.registry import Registry

TASKS = Registry("headstart.tasks", "task")
