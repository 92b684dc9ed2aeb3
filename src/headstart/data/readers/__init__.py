"""Readers: one file a format of source data."""

from headstart.core.registry import Registry

READERS = Registry("headstart.data.readers", "reader")
