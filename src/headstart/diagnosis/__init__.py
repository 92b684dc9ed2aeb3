"""Diagnoses: one file a trouble that is looked for."""

from headstart.core.registry import Registry

DIAGNOSES = Registry("headstart.diagnosis", "diagnosis")
