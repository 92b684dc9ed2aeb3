"""Validators: one file a figure that judges predictions for a new domain without its labels."""

from headstart.validators._validate import VALIDATORS, figures_of

__all__ = ["VALIDATORS", "figures_of"]
