"""Models of the sets that the guard is measured with: a head on the frozen backbone, the rest as usual."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from sets import PICTURES, Split

BACKBONE = "torchvision_mobilenet_v2"
ROWS, TEST_ROWS = 800, 400
"""Texts of a domain that are learnt from and tested on."""


def fitted(split: Split, backbones: Path, seed: int) -> Any:
    """A model of `split`; a quarter or so of it is held out for calibration, and none for a test."""
    import headstart

    pictures = Path(split.inputs[0]).suffix.lower() in PICTURES
    return headstart.fit(
        (split.inputs, split.labels),
        backbone=str((backbones / BACKBONE).resolve()) if pictures else None,
        strategy="feature_extraction",
        seed=seed,
        quiet=True,
        test_share=0.0,
    )


@cache
def domain(folder: Path, part: str) -> Split:
    """One domain's ``train`` or ``test``: class folders of pictures, or a table of texts of which some are drawn."""
    if (folder / part).is_dir():
        paths = sorted(path for path in (folder / part).glob("*/*") if path.suffix.lower() in PICTURES)
        return Split([str(path) for path in paths], [path.parent.name for path in paths])
    with (folder / f"{part}.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    drawn = np.random.default_rng(0).permutation(len(rows))[: ROWS if part == "train" else TEST_ROWS]
    return Split([rows[i]["text"] for i in drawn], [rows[i]["label"] for i in drawn])


def accuracy(model: Any, split: Split) -> float:
    """The share of `split` that the model predicts right."""
    return float(np.mean(np.array(model.predict(split.inputs)) == np.array(split.labels)))


def area(ordinary: Sequence[float], strange: Sequence[float]) -> float:
    """Area under the ROC curve of scores by which the strange are to be told from the ordinary."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score([0] * len(ordinary) + [1] * len(strange), [*ordinary, *strange]))
