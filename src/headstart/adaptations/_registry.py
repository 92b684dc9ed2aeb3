"""Lists the adaptations."""

from headstart.core.registry import Registry

ADAPTATIONS = Registry("headstart.adaptations", "adaptation")
