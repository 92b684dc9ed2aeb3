"""Modalities: one file a kind of input."""

from headstart.core.registry import Registry

MODALITIES = Registry("headstart.data.modalities", "modality")
