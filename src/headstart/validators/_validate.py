"""Asks every validator."""

from __future__ import annotations

from headstart.core.registry import Registry
from headstart.validators.base import Seen, Validator

VALIDATORS = Registry("headstart.validators", "validator")


def figures_of(seen: Seen) -> dict[str, float]:
    """Figures by the name of the validator."""
    made: dict[str, Validator] = {name: VALIDATORS.load(name)() for name in VALIDATORS.names()}
    return {name: validator.validate(seen) for name, validator in made.items()}
