"""Classes on plain vision transformers of transformers: a fit, its folder, predictions and why."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from headstart.backbones.transformers_vits import FAMILIES
from small_world import HUES, result_of, status
from transformer_folders import classifier_folder


@pytest.mark.parametrize("kind", FAMILIES)
@pytest.mark.parametrize("strategy", ["feature_extraction", "fine_tuning:freeze_depth=3,epochs=2"])
def test_classes_are_learnt_saved_predicted_and_explained(
    strategy: str, kind: str, photos: Path, at_hand: Path, request: pytest.FixtureRequest
) -> None:
    if strategy.startswith("fine_tuning"):  # the other is compared with the same network of random weights
        request.getfixturevalue("no_gains")
    classifier_folder(at_hand / "vit", kind)
    arguments = ("--backbone", at_hand / "vit", "--strategy", strategy, "--budget", "3m", "--out", at_hand / "model")
    assert status("fit", photos, *arguments) == 0
    assert result_of(at_hand / "model")["test"]["accuracy"][0] >= 0.8  # the colours are apart in any projection
    assert status("predict", at_hand / "model", photos, "-o", at_hand / "said.csv") == 0
    rows = list(csv.DictReader((at_hand / "said.csv").open(encoding="utf-8")))
    assert {row["label"] for row in rows} == set(HUES)
    methods = ["--method", "grad_cam"] if strategy.startswith("fine_tuning") else []  # all of them on the other
    picture = photos / "lime" / "00.png"
    assert status("explain", at_hand / "model", picture, "--out", at_hand / "why", *methods) == 0
    assert (at_hand / "why" / "explanations.html").is_file()
