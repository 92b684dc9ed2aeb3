"""Models of the sets that the guard is measured with: a head on the frozen backbone, the rest as usual."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from sets import PICTURES, Set, Split, read

BACKBONE = "torchvision_mobilenet_v2"
ROWS, TEST_ROWS = 600, 300
"""Texts of a domain that are learnt from and tested on."""

SET_ROWS, SET_TEST_ROWS = 1_000, 500
"""The same of a set of the benchmark; pictures are all taken."""


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


@dataclass(frozen=True)
class Tested:
    """A model's uncalibrated ``outputs`` (N, C) for the test split of its set, and the ``encoded`` truth (N,)."""

    model: Any
    outputs: Any
    encoded: Any

    def probabilities(self, calibrated: bool = True) -> np.ndarray:
        """(N, C)."""
        calibration = self.model.calibration if calibrated else {}
        return np.asarray(self.model.task.probabilities(self.outputs, calibration))


@cache
def tested(name: str, data: Path, backbones: Path, seed: int) -> Tested:
    """A model of the set `name` under the folder `data`; the seed draws what is held out for calibration."""
    whole = given(name, data)
    return tried(whole.train, whole.test, backbones, seed)


def given(name: str, data: Path) -> Set:
    """The set `name` with its own splits, as many texts of it as are fitted here."""
    return read(name, data, SET_ROWS, SET_TEST_ROWS, 0)


def tried(train: Split, test: Split, backbones: Path, seed: int) -> Tested:
    """A model of `train`, and what it says of `test`."""
    model = fitted(train, backbones, seed)
    return Tested(model, model._all_outputs(test.inputs), model.task.encode(test.labels))


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


def area(ordinary: Sequence[float], strange: Sequence[float]) -> float:
    """Area under the ROC curve of scores by which the strange are to be told from the ordinary."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score([0] * len(ordinary) + [1] * len(strange), [*ordinary, *strange]))
