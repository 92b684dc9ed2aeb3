"""One seed for each epoch of a pretraining, so that an epoch is the same after a kill."""

from __future__ import annotations

from headstart.core.files import digest


def seed_of(seed: int, epoch: int) -> int:
    """Of 32 bits, for everything random in `epoch`."""
    return int(digest(str(seed), "pretraining", str(epoch))[:8], 16)
