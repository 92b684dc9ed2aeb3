"""The benchmark of pretraining: a share by hand, probes that learn from train alone, bounds that can fail."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

from headstart.backbones import load
from small_world import HUES, paint

pytestmark = pytest.mark.usefixtures("benchmarks")


def test_the_share_of_the_way_is_that_of_the_accuracies() -> None:
    probe = importlib.import_module("pretrained._probe")
    random, student, teacher = (np.arange(100) < count for count in (20, 50, 80))
    value, drawn = probe.shares(random, student, teacher)
    assert value == pytest.approx(0.5)  # from 0.2 by 0.3 of 0.6
    assert drawn.shape == (1000,)
    assert np.nanquantile(drawn, 0.025) < 0.5 < np.nanquantile(drawn, 0.975)
    assert np.isnan(probe.shares(teacher, student, random)[0]), "no way where the teacher is no better"
    assert importlib.import_module("bounds").holds(">= 0.4", float("nan")) is False


def test_a_probe_learns_from_train_and_is_judged_on_test(at_hand: Path) -> None:
    probe = importlib.import_module("pretrained._probe")
    for which, count, seed in (("train", 8, 0), ("test", 3, 1)):
        paint(at_hand / "flowers" / which, dict.fromkeys(HUES, count), seed)
    train, test = (probe.split_of(at_hand, "flowers", which) for which in ("train", "test"))
    assert (len(train), len(test)) == (24, 9)
    right = probe.right(load("tiny_resnet"), train, test, 0, "eager")
    assert right.shape == (9,)
    assert right.mean() > 0.8  # any network tells the colours apart
    with pytest.raises(FileNotFoundError, match="--data names the folder"):
        probe.split_of(at_hand, "vehicles", "train")


def test_every_measurement_is_listed_and_the_fastest_engine_counts(
    at_hand: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert importlib.import_module("pretrain").LINES == ["continued_texts", "embedded", "ulmfit"]
    rate = importlib.import_module("pretrained._rate")
    monkeypatch.setattr(rate, "available", lambda device: ["eager", "channels_last"])
    monkeypatch.setattr(rate, "_rate", lambda engine, batches, batch: batch + (type(engine).__name__ == "Eager"))
    pictures = paint(at_hand / "some", {"lime": 5})
    found = rate.fastest(load("tiny_resnet"), [str(path) for path in sorted(pictures.rglob("*.png"))])
    assert found == (9, "eager", 8)
