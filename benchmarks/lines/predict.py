"""A single prediction of a loaded model against decoding and the engine's bare forward, medians over pictures."""

from __future__ import annotations

from collections.abc import Iterator

from target import Target

from lines._engines import fastest
from lines._processes import child, fit
from lines._row import Row, Side
from lines._work import Work

PICTURES = 50


def measure(work: Work) -> Iterator[Row]:
    """One row: a model of the smallest generated set predicts test pictures of it, each alone."""
    data, engine, model = work.small, fastest(work, work.sizes[0], exact=True), work.folder("model")
    fit(work, data.folder, work.folder("cache"), model)
    job = {"model": str(model), "backbone": str(work.backbone), "device": work.device, "engine": engine}
    said = child(work, "_predict_loop", True, **job, pictures=data.test.inputs[:PICTURES]).said
    ours, bare = (
        Side(name, [each["wall"] for each in said[key]], [each["cpu"] for each in said[key]])
        for key, name in (("model", "predict([path])"), ("bare", f"decode + {engine}"))
    )
    note = f"CPU ratio {ours.cpu_seconds / bare.cpu_seconds:.2f}"
    yield Row("predict", "single prediction", ours, bare, ours.seconds / bare.seconds, Target(1.3), note=note)
