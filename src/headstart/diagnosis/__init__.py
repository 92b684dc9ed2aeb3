"""Diagnoses: one file a trouble that is looked for."""

from headstart.diagnosis._examine import DIAGNOSES, examine_all

__all__ = ["DIAGNOSES", "examine_all"]
