"""Whether a mismatch is declared: never without one (but for the level), always where photos became sketches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sets import Split, read

from planted._models import domain, fitted

SETS = ("flowers", "vehicles", "sms_spam")
DRAWS = 200
ROWS = 400
"""Examples of a set that are not learnt from, to be halved again and again."""

PACS = "pacs_photo_sketch"


def measure(data: Path, backbones: Path, seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
    """The share of DRAWS halvings of one set that are declared; for each seed whether the other domain is."""
    for name in SETS:
        for seed in seeds:
            yield _row("two halves of one set", name, seed, _false_alarms(name, data, backbones, seed), "<= 0.05")
    for source, target in (("photo", "sketch"), ("sketch", "photo")):
        for seed in seeds:
            model = fitted(domain(data / PACS / source, "train"), backbones, seed)
            found = model.compare(domain(data / PACS / target, "test").inputs)
            yield _row("another domain", f"{source} to {target}", seed, float(found.declared), ">= 1")


def _row(planted: str, name: str, seed: int, value: float, must: str) -> dict[str, Any]:
    return {"planted": planted, "set": name, "seed": seed, "figure": "declared", "value": value, "must": must}


def _false_alarms(name: str, data: Path, backbones: Path, seed: int) -> float:
    """A model of one part of the set; of the rest, one half plays the held-out examples and the other is new."""
    from headstart.delivery.comparing import compare
    from headstart.delivery.guard import NewExamples

    whole = read(name, data, 0, 0, 0)
    inputs, labels = whole.train.inputs + whole.test.inputs, whole.train.labels + whole.test.labels
    random = np.random.default_rng(seed)
    order = random.permutation(len(inputs))
    rest, learnt = order[: min(ROWS, len(order) // 2)], order[min(ROWS, len(order) // 2) :][:ROWS]
    model = fitted(Split([inputs[i] for i in learnt], [labels[i] for i in learnt]), backbones, seed)
    found = model.observe([inputs[i] for i in rest]).new
    alarms = 0
    for draw in range(DRAWS):
        first, second = np.array_split(random.permutation(len(rest)), 2)
        guard = replace(
            model.guard, held_out=found.features[first], held_out_places=found.outputs.argmax(1).numpy()[first]
        )
        ids = [found.ids[i] for i in second]
        new = NewExamples(
            ids, found.features[second], found.outputs[second], found.strange[second], found.nearest[second]
        )
        alarms += compare(model.task, model.calibration, guard, new, "examples", draw).declared
    return alarms / DRAWS
