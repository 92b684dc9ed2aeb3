"""The benchmark of pretraining: a share by hand, probes that learn from train alone, bounds that can fail."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import numpy as np
import pytest

from headstart.backbones import load
from headstart.experiment.pretraining import plan as pretraining_plan
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
    assert importlib.import_module("pretrain").LINES == ["continued_images", "continued_texts", "embedded", "ulmfit"]
    rate = importlib.import_module("pretrained._rate")
    monkeypatch.setattr(rate, "available", lambda device: ["eager", "channels_last"])
    monkeypatch.setattr(rate, "_rate", lambda engine, batches, batch: batch + (type(engine).__name__ == "Eager"))
    pictures = paint(at_hand / "some", {"lime": 5})
    found = rate.fastest(load("tiny_resnet"), [str(path) for path in sorted(pictures.rglob("*.png"))])
    assert found == (9, "eager", 8)


def test_a_gain_is_paired() -> None:
    """Of 100 pictures 10 are won and 4 lost: the interval is that of those 14, not that of two shares."""
    continued = importlib.import_module("pretrained.continued_images")
    before, after = np.zeros(100, bool), np.zeros(100, bool)
    before[:50] = after[4:60] = True
    gain = continued.gained(after, before)
    assert gain.value == pytest.approx(0.06)
    assert -0.03 < gain.low < 0.0 < gain.high < 0.15
    assert continued.gained(before, before) == (0.0, 0.0, 0.0)


def test_continued_pretraining_is_measured_on_the_test_split(at_hand: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    continued, asked = (
        importlib.import_module(name) for name in ("pretrained.continued_images", "dense_lines._asked")
    )
    for variable in ("HEADSTART_MODELS", "HEADSTART_CACHE"):
        monkeypatch.setenv(variable, os.environ[variable])  # which a workplace changes
    monkeypatch.setattr(continued, "BACKBONE", "tiny_resnet")
    monkeypatch.setattr(continued, "SIDE", 32)
    monkeypatch.setattr(pretraining_plan, "ENOUGH", 64)
    for which, count, seed in (("train", 8, 0), ("test", 3, 1)):
        paint(at_hand / "flowers" / which, dict.fromkeys(HUES, count), seed)
    backbones = Path(load("tiny_resnet").card.path).parent
    rows = list(continued.measure(asked.Asked(at_hand, backbones, range(1), sets=("flowers",))))
    assert [each["figure"] for each in rows] == ["accuracy, before", "accuracy, after", "gain in accuracy"]
    before, after, gain = (each["value"] for each in rows)
    assert gain == pytest.approx(after - before)
    assert rows[2]["must"] == "> 0"
    assert "vicreg" in rows[2]["note"]
    assert "of 24 pictures" in rows[2]["note"]
