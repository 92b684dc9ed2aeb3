"""Backbones: one file a source of pretrained networks."""

from headstart.core.registry import Registry

SOURCES = Registry("headstart.backbones", "backbone source")
