"""The engines of a CPU in single precision that are quick to prepare, each against the plain frozen part."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import nn

from headstart.backbones.base import Batch
from headstart.frozen.engines import ENGINES
from headstart.frozen.engines.base import Engine, agreement, sharing

CPU = torch.device("cpu")
PLAIN = "eager"
"""Runs the frozen part itself, so that it would be compared with itself."""

SLOW = 10.0
"""Seconds of preparation from which an engine is left to the tests of engines, and there tried on one module only."""


def quick_engines() -> dict[str, Engine]:
    """Those that are to be compared, by name."""
    every = {name: ENGINES.load(name)() for name in ENGINES.names() if name != PLAIN}
    quick = {name: engine for name, engine in every.items() if engine.typical_preparation <= SLOW}
    return {name: engine for name, engine in quick.items() if engine.available(CPU) and not engine.reduced}


def assert_engines_agree(
    frozen: nn.Module, batches: Sequence[Batch], largest: float, subtests: pytest.Subtests
) -> None:
    """Prepared on the first of `batches`, every engine gives for each what `frozen` does.

    Parameters
    ----------
    largest : difference, over the largest magnitude.
    """
    with torch.no_grad():
        wanted = [frozen(batch) for batch in batches]
    engines = quick_engines()
    assert engines
    with sharing():
        for name, engine in engines.items():
            with subtests.test(engine=name):
                engine.prepare(frozen, batches[0], CPU)
                for batch, plain in zip(batches, wanted, strict=True):
                    assert agreement(plain, engine.run(batch)).largest <= largest
