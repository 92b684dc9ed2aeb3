"""Images a second of a backbone by the fastest engine here, decoding apart."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median

from lines._child import Decoder, as_plain, available, prepared
from lines._engines import BATCHES

from headstart.backbones.base import Backbone, Batch
from headstart.frozen.engines.base import Engine
from headstart.frozen.frontier import AtDepths

PASSES = 3
"""Over all pictures; the median counts."""

LEFT_OUT = ("torch_compile",)
"""Engines whose preparation takes minutes on one thread, so that no fit on a few hundred pictures tries them."""


def fastest(backbone: Backbone, pictures: Sequence[str]) -> tuple[float, str, int]:
    """Images a second over `pictures` on the CPU, by which engine and at which batch."""
    found: list[tuple[float, str, int]] = []
    for batch in BATCHES:
        batches = list(Decoder(backbone).batches(pictures, batch))
        for name in (name for name in available("cpu") if name not in LEFT_OUT):
            module = AtDepths(backbone).eval()
            engine = prepared(name, module, batches[0], "cpu")
            if not as_plain(engine, module, batches[0], "cpu"):
                continue
            found.append((_rate(engine, batches, batch), name, batch))
    return max(found)


def _rate(engine: Engine, batches: Sequence[Batch], size: int) -> float:
    engine.run(batches[0])
    return size * len(batches) / median(_seconds(engine, batches) for _ in range(PASSES))


def _seconds(engine: Engine, batches: Sequence[Batch]) -> float:
    began = time.perf_counter()
    for batch in batches:
        engine.run(batch)
    return time.perf_counter() - began
