"""Adaptations: one file a way to make a model fit new inputs that nobody has labelled."""

from headstart.adaptations._registry import ADAPTATIONS

__all__ = ["ADAPTATIONS"]
