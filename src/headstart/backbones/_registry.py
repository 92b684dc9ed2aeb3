"""The list of backbone sources, for this room's own files; others take it from the package's face."""

from headstart.core.registry import Registry

SOURCES = Registry("headstart.backbones", "backbone source")
