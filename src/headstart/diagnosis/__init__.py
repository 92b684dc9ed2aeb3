"""Diagnoses: one file a trouble that is looked for."""

from headstart.diagnosis._examine import DIAGNOSES, Examination, at_least, examine_all

__all__ = ["DIAGNOSES", "Examination", "at_least", "examine_all"]
