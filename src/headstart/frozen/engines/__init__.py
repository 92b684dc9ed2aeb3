"""Engines: one file a way to run the frozen part."""

from headstart.core.registry import Registry

ENGINES = Registry("headstart.frozen.engines", "engine")
