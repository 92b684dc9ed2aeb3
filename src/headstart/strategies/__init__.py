"""Strategies: one file a way to move knowledge."""

from headstart.core.registry import Registry

STRATEGIES = Registry("headstart.strategies", "strategy")
