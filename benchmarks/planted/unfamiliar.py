"""Inputs unlike anything a model was made from, and how well ``unfamiliar`` tells them from its test examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageDraw
from sets import read

from planted._models import area, fitted

COUNT = 150
"""Inputs of each kind."""

ROWS = (0, 500)
"""Texts that are learnt from (0 is all) and tested on; pictures are all taken."""

PAIRS = (
    ("flowers", "vehicles", ">= 0.95"),
    ("vehicles", "flowers", ">= 0.95"),
    ("sms_spam", "tweet_irony", ">= 0.85"),
)
"""A model of the first set on inputs of the second; models of pictures meet `PICTURES` too."""

WORDS = ("the", "parties", "hereto", "agree", "that", "all", "notices", "be", "given", "in", "writing", "within")


def measure(data: Path, backbones: Path, seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
    """For each pair and seed the area under the ROC curve, the share that is flagged, and the false alarms."""
    for name, other, must in PAIRS:
        whole, strange = read(name, data, *ROWS, 0), read(other, data, *ROWS, 0)
        for seed in seeds:
            model = fitted(whole.train, backbones, seed)
            ordinary = _looked_at(model, whole.test.inputs)
            drawn = np.random.default_rng(seed).permutation(len(strange.test))[:COUNT]
            kinds = {other: [strange.test.inputs[i] for i in drawn]}
            if whole.modality == "image":
                kinds |= {kind: draw(kind, COUNT, seed) for kind in PICTURES}
            for kind, inputs in kinds.items():
                found = _looked_at(model, inputs)
                figures = {
                    "area under ROC": (area(ordinary["unfamiliar"], found["unfamiliar"]), must),
                    "flagged": (float(np.mean(found["is_unfamiliar"])), ""),
                    "false alarms": (float(np.mean(ordinary["is_unfamiliar"])), ""),
                }
                for figure, (value, bound) in figures.items():
                    yield {
                        "planted": f"unfamiliar: {kind}", "set": name, "seed": seed, "figure": figure, "value": value,
                        "must": bound,
                    }  # fmt: skip


def _looked_at(model: Any, inputs: Sequence[Any]) -> dict[str, Any]:
    return dict(model.answer(list(inputs)).predictions.columns)


def draw(kind: str, count: int, seed: int) -> list[PIL.Image.Image]:
    """Pictures of one of `PICTURES`."""
    random = np.random.default_rng(seed)
    return [PICTURES[kind](random) for _ in range(count)]


def _noise(random: np.random.Generator) -> PIL.Image.Image:
    return PIL.Image.fromarray(random.integers(0, 256, (224, 224, 3), dtype=np.uint8))


def _blank(random: np.random.Generator) -> PIL.Image.Image:
    return PIL.Image.new("RGB", (224, 224), tuple(int(value) for value in random.integers(0, 256, 3)))


def _scan(random: np.random.Generator) -> PIL.Image.Image:
    """A page of words, turned by some degrees."""
    page = PIL.Image.new("RGB", (320, 320), "white")
    pen = PIL.ImageDraw.Draw(page)
    for line in range(20):
        pen.text((20, 20 + 14 * line), " ".join(random.choice(WORDS, 8)), fill="black")
    return page.rotate(float(random.uniform(-30, 30)), fillcolor="white").crop((48, 48, 272, 272))


PICTURES = {"noise": _noise, "blank": _blank, "rotated scans": _scan}
