"""An engine at work on a frozen part, with a way back to plain PyTorch."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn

from headstart.frozen.engines.base import Agreement, Engine, Tensors
from headstart.frozen.engines.eager import Eager

SHORT = 120
"""Characters of what an engine's library says where it fails."""


@dataclass(frozen=True)
class FrozenModule:
    """A frozen part to be run: what it is called, what tells it from all others, and where it runs."""

    name: str
    key: str
    module: nn.Module
    device: torch.device


@dataclass
class Prepared:
    """An engine that is prepared, and how it is run.

    Attributes
    ----------
    name : the plug-in's.
    threads : it works with so many.
    preparation : seconds it took.
    agreement : how far it was from plain PyTorch; None for that itself.
    times : how many usual batches it runs at once; 0.5 for half of one.
    """

    name: str
    engine: Engine
    threads: int
    preparation: float = 0.0
    agreement: Agreement | None = None
    times: float = 1.0

    def run(self, batch: Tensors) -> Tensors:
        """Outputs of the prepared module, on the CPU."""
        with torch_threads(self.threads):
            return self.engine.run(batch)


PLAIN = "eager"
"""The engine that is the reference, and that goes on where another fails."""


class Failure(NamedTuple):
    """An engine whose library failed at work, and what runs instead."""

    engine: Prepared
    instead: Prepared
    error: Exception


class Running:
    """A prepared engine that runs `part`; plain PyTorch goes on where the engine's library fails.

    Parameters
    ----------
    failed : is told when that happens.
    """

    def __init__(self, part: FrozenModule, prepared: Prepared, failed: Callable[[Failure], None]) -> None:
        self.part, self.prepared, self._failed = part, prepared, failed

    @property
    def engine(self) -> Engine:
        """The one that runs."""
        return self.prepared.engine

    def batch_size(self, usual: int) -> int:
        """Examples it runs at once where `usual` would be, always the same."""
        return max(1, round(usual * self.prepared.times))

    def run(self, batch: Tensors) -> Tensors:
        """Outputs of the prepared module, on the CPU."""
        try:
            return self.prepared.run(batch)
        except Exception as error:  # an engine's library raises what it likes
            if isinstance(self.engine, Eager):
                raise
            self._fall_back(error)
        return self.prepared.run(batch)

    def _fall_back(self, error: Exception) -> None:
        plain, before = Eager(), self.prepared
        plain.prepare(self.part.module, {}, self.part.device)
        self.prepared = Prepared(PLAIN, plain, before.threads, times=before.times)
        self._failed(Failure(before, self.prepared, error))


@contextlib.contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """PyTorch with `count` threads for the block."""
    before = torch.get_num_threads()
    if count == before:
        yield
        return
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
