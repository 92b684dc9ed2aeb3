"""The sets of the benchmark as features and labels: pictures by MobileNetV2, texts by the default text backbone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from sets import Split, read

from planted._features import Features

ROWS, TEST_ROWS = 2_000, 1_000
"""Texts of a set; pictures are all taken."""

_BATCH = 32


@dataclass(frozen=True)
class Known:
    """Features (N, D) float32 and labels of what is learnt from, and of the test split."""

    features: np.ndarray
    labels: list[str]
    test_features: np.ndarray
    test_labels: list[str]


@cache
def known(name: str, data: Path, backbones: Path, rows: int = ROWS, test_rows: int = TEST_ROWS) -> Known:
    """The set `name` under the folder `data`, of texts `rows` and `test_rows`."""
    whole = read(name, data, rows, test_rows, 0)
    describe = _pictures if whole.modality == "image" else _texts
    return Known(
        describe(whole.train, backbones), whole.train.labels, describe(whole.test, backbones), whole.test.labels
    )


def _pictures(split: Split, backbones: Path) -> np.ndarray:
    import PIL.Image

    features = Features(backbones)
    found = []
    for start in range(0, len(split), _BATCH):
        opened = [PIL.Image.open(path).convert("RGB") for path in split.inputs[start : start + _BATCH]]
        found.append(features(opened))
    return np.concatenate(found)


def _texts(split: Split, backbones: Path) -> np.ndarray:
    """Texts of like length together, so that little is padded."""
    import torch

    from headstart.backbones import default_card, load
    from headstart.backbones.base import collate

    backbone: Any = load(default_card("text").name).eval().requires_grad_(False)
    tensors = [backbone.preprocess(text) for text in split.inputs]
    order = sorted(range(len(tensors)), key=lambda i: len(tensors[i]["attention_mask"]))
    features = np.zeros((len(tensors), backbone.feature_size), np.float32)
    for start in range(0, len(order), _BATCH):
        rows = order[start : start + _BATCH]
        with torch.inference_mode():
            features[rows] = backbone.features(collate([tensors[i] for i in rows])).numpy()
    return features
