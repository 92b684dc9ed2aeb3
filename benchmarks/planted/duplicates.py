"""Copies of test images planted in train - re-compressed, resized, cropped, mirrored - and how many are found."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from sets import IMAGE_SETS, Split, read

from planted._features import Features

KINDS = ("re-compressed", "resized", "cropped", "mirrored")
MOST = 800
"""Training images of a set; with more of them it only takes longer."""

MUST = ">= 0.95"


def measure(data: Path, backbones: Path, seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Recall for each kind of copy and precision, for each set and seed; half of the test images have a copy."""
    features = Features(backbones)
    for name in IMAGE_SETS:
        whole = read(name, data, 0, 0, 0)
        test, train = _pictures(whole.test), _pictures(_few(whole.train))
        known = {"train": features(train), "test": features(test)}
        for seed in seeds:
            generator = np.random.default_rng(seed)
            planted = {
                int(i): str(generator.choice(KINDS)) for i in generator.permutation(len(test))[: len(test) // 2]
            }
            copies = [copy(test[i], kind, generator) for i, kind in planted.items()]
            more = {"train": np.concatenate([known["train"], features(copies)]), "test": known["test"]}
            found = _found({"train": train + copies, "test": test}, more)
            for figure, value in _figures(found, planted):
                yield {"planted": "copies", "set": name, "seed": seed, "figure": figure, "value": value, "must": MUST}


def copy(picture: PIL.Image.Image, kind: str, generator: np.random.Generator) -> PIL.Image.Image:
    """One of `KINDS`: JPEG of quality 40 to 90; 0.5 to 2 times the size; 5 % of both sides cut off; mirrored."""
    width, height = picture.size
    quality = int(generator.integers(40, 91)) if kind == "re-compressed" else 90
    if kind == "resized":
        factor = 0.5 * 4 ** generator.random()
        size = (max(1, round(factor * width)), max(1, round(factor * height)))
        picture = picture.resize(size, PIL.Image.Resampling.BICUBIC)
    elif kind == "cropped":
        wide, high = round(0.95 * width), round(0.95 * height)
        left, top = int(generator.integers(0, width - wide + 1)), int(generator.integers(0, height - high + 1))
        picture = picture.crop((left, top, left + wide, top + high))
    elif kind == "mirrored":
        picture = picture.transpose(PIL.Image.Transpose.FLIP_LEFT_RIGHT)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return PIL.Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")


def _few(split: Split) -> Split:
    step = max(1, -(-len(split) // MOST))
    return Split(split.inputs[::step], split.labels[::step])


def _pictures(split: Split) -> list[PIL.Image.Image]:
    return [PIL.Image.open(path).convert("RGB") for path in split.inputs]


def _found(pictures: dict[str, list[PIL.Image.Image]], features: dict[str, np.ndarray]) -> set[int]:
    """Places of the test images that are said to have a copy in train."""
    from headstart.data.modalities import MODALITIES
    from headstart.diagnosis import DIAGNOSES
    from headstart.diagnosis.base import Evidence

    image = MODALITIES.load("image")()
    ids = {split: [f"{split} {i}" for i in range(len(own))] for split, own in pictures.items()}
    same = {split: ["a"] * len(own) for split, own in pictures.items()}
    sketches = {split: np.stack([image.look(picture).sketch for picture in own]) for split, own in pictures.items()}
    evidence = Evidence(same, ids, {}, {}, same, {}, "accuracy", {}, sketches=sketches, features=features)
    findings = DIAGNOSES.load("leakage")().examine(evidence)
    return {int(example.id.split()[1]) for finding in findings for example in finding.examples}


def _figures(found: set[int], planted: dict[int, str]) -> Iterator[tuple[str, float]]:
    """Copies that the set itself brings count against precision, too: some are real."""
    for kind in KINDS:
        own = {i for i, planted_kind in planted.items() if planted_kind == kind}
        yield f"recall, {kind}", len(found & own) / max(len(own), 1)
    yield "recall", len(found & planted.keys()) / len(planted)
    yield "precision", len(found & planted.keys()) / max(len(found), 1)
