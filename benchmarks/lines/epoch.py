"""An epoch of fine-tuning the last stage from the frontier, against the same epoch through the whole network."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from target import Target

from lines._processes import child
from lines._row import Row, Side
from lines._work import Work


def measure(work: Work) -> Iterator[Row]:
    """One row, on photos of vehicles; both sides in one process with the tool's settings."""
    train, count = work.vehicles.train, len(work.few)
    chosen = range(0, len(train), max(1, len(train) // count))[:count]  # of all classes
    job = {
        "pictures": [train.inputs[i] for i in chosen],
        "labels": [train.labels[i] for i in chosen],
        "backbone": str(work.backbone),
        "device": work.device,
        "repeats": work.repeats,
        "folder": str(work.folder("epochs")),
    }
    said = child(work, "_epoch_loop", True, **job).said
    frontier, whole = (
        Side(name, [each["wall"] for each in said[key]], [each["cpu"] for each in said[key]])
        for key, name in (("frontier", "from the frontier"), ("whole", "whole network"))
    )
    decode = median(each["decode"] for each in said["whole"])
    note = f"decoding {decode:.3g} s of the whole; CPU ratio {frontier.cpu_seconds / whole.cpu_seconds:.2f}"
    what = f"epoch of the last stage, {count} images: frontier / whole"
    yield Row("epoch", what, frontier, whole, frontier.seconds / whole.seconds, Target(0.25), note=note)
