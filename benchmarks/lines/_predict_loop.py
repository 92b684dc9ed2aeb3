"""Process: predicts pictures one by one with a loaded model, and by the bare engine, in turn."""

from __future__ import annotations

from typing import Any

import headstart
from headstart.backbones import load
from headstart.backbones.base import Batch
from headstart.frozen.frontier import AtDepths
from lines._child import Clocks, Decoder, prepared, serve

WARM_UP = 400
"""Predictions after which a loaded model has moved to the engine that pays, on a GPU too."""


def loop(job: dict[str, Any]) -> dict[str, list[dict[str, float]]]:
    """Wall and CPU seconds of every prediction, after a few that do not count."""
    model = headstart.load(job["model"], device=job["device"])
    backbone = load(job["backbone"])  # apart from the model's, which an engine may change
    decoder = Decoder(backbone)
    engine = prepared(job["engine"], AtDepths(backbone).eval(), _one(decoder, job["pictures"][0]), job["device"])
    sides: dict[str, list[dict[str, float]]] = {"model": [], "bare": []}
    pictures = job["pictures"]
    for path in [*(pictures[i % len(pictures)] for i in range(WARM_UP)), *pictures]:
        with Clocks() as bare:
            engine.run(_one(decoder, path))
        with Clocks() as predicting:
            model.predict([path])
        for name, clocks in (("bare", bare), ("model", predicting)):
            sides[name].append({"wall": clocks.wall, "cpu": clocks.cpu})
    return {name: clocks[WARM_UP:] for name, clocks in sides.items()}


def _one(decoder: Decoder, path: str) -> Batch:
    return next(decoder.batches([path], 1))


if __name__ == "__main__":
    serve(loop)
