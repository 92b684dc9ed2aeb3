"""Whether a mismatch is declared: never without one (but for the level), always where photos became sketches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sets import Split, read

from planted._models import domain, fitted

SETS = ("flowers", "vehicles", "sms_spam")
DRAWS = 200
ROWS = 600
"""Examples of a set that are not learnt from, to be halved again and again."""

PACS = "pacs_photo_sketch"


def measure(data: Path, backbones: Path, seeds: int) -> Iterator[dict[str, Any]]:
    """The share of DRAWS halvings of one set that are declared; for each seed whether the other domain is."""
    for name in SETS:
        for seed in range(seeds):
            yield _row("two halves of one set", name, seed, _false_alarms(name, data, backbones, seed), "<= 0.05")
    for source, target in (("photo", "sketch"), ("sketch", "photo")):
        for seed in range(seeds):
            model = fitted(domain(data / PACS / source, "train"), backbones, seed)
            found = model.compare(domain(data / PACS / target, "test").inputs)
            yield _row("another domain", f"{source} to {target}", seed, float(found.declared), ">= 1")


def _row(planted: str, name: str, seed: int, value: float, must: str) -> dict[str, Any]:
    return {"planted": planted, "set": name, "seed": seed, "figure": "declared", "value": value, "must": must}


def _false_alarms(name: str, data: Path, backbones: Path, seed: int) -> float:
    """A model of one part of the set; of the rest, one half plays the held-out examples and the other is new."""
    from headstart.delivery.comparing import NewExamples, compare

    whole = read(name, data, 0, 0, 0)
    inputs, labels = whole.train.inputs + whole.test.inputs, whole.train.labels + whole.test.labels
    random = np.random.default_rng(seed)
    order = random.permutation(len(inputs))
    rest, learnt = order[: min(ROWS, len(order) // 2)], order[min(ROWS, len(order) // 2) :][:ROWS]
    model = fitted(Split([inputs[i] for i in learnt], [labels[i] for i in learnt]), backbones, seed)
    seen = _seen(model, [inputs[i] for i in rest])
    alarms = 0
    for draw in range(DRAWS):
        first, second = np.array_split(random.permutation(len(rest)), 2)
        guard = replace(
            model.guard, held_out=seen.features[first], held_out_places=seen.outputs.argmax(1).numpy()[first]
        )
        ids = [seen.ids[i] for i in second]
        new = NewExamples(
            ids, seen.features[second], seen.outputs[second], seen.strange[second], seen.nearest[second]
        )
        alarms += compare(model.task, model.calibration, guard, new, "examples", draw).declared
    return alarms / DRAWS


def _seen(model: Any, inputs: list[str]) -> Any:
    """Everything that the model sees of `inputs`."""
    from headstart.core.device import choose_device
    from headstart.core.progress import Progress
    from headstart.data.modalities import MODALITIES
    from headstart.data.read import read as read_examples
    from headstart.data.readers.base import Request
    from headstart.delivery.comparing import NewExamples
    from headstart.delivery.inference import Inference

    guard, modality = model.guard, MODALITIES.load(model.modality)()
    inference = Inference(model.network, modality, choose_device("auto"), "auto", Progress(quiet=True), guard.depths)
    examples = read_examples(Request(inputs, needs_targets=False, fits=False))
    found = inference.run(examples, lambda features: (features[guard.depths[-1]].numpy(), *guard.look(features)))
    features, strange, nearest = (np.concatenate(parts) for parts in zip(*found.looked, strict=True))
    return NewExamples(list(found.examples.ids), features, found.outputs, strange, nearest)
