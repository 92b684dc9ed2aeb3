"""Lists the pretraining methods."""

from headstart.core.registry import Registry

METHODS = Registry("headstart.pretraining", "pretraining method")
