"""Models without pretraining: what they say is known by hand, and pretraining is really gone."""

import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from headstart.core.shallow import picture_features
from headstart.frozen.store import FrontierStore
from headstart.strategies import _baselines, _sparse_head
from headstart.strategies._baselines import (
    from_scratch,
    majority,
    random_weights,
    shallow,
    shallow_seconds,
)
from headstart.strategies.fine_tuning import FineTuning
from headstart.tasks import TASKS
from small_world import HUES, pixels, texts
from toys import inputs_of, toy_backbone, toy_bench, toy_pictures


@pytest.fixture
def bench(tmp_path):
    pictures, labels = toy_pictures(40)
    return toy_bench(toy_backbone(), tmp_path, pictures, labels, held_out=10)


def test_the_commonest_answer_has_the_odds_of_the_classes(tmp_path):
    pictures, _ = toy_pictures(40)
    bench = toy_bench(toy_backbone(), tmp_path, pictures, ["a"] * 30 + ["b"] * 10)
    said = majority(bench, bench.train.select([0, 5, 39])).softmax(dim=1)
    assert said.shape == (3, 2)
    assert said[:, 0].tolist() == pytest.approx([0.75] * 3, abs=0.01)


def test_of_numbers_the_answer_is_their_mean(tmp_path):
    pictures, _ = toy_pictures(12)
    targets = [float(i) for i in range(12)]
    bench = toy_bench(toy_backbone(), tmp_path, pictures, targets)
    said = bench.task.decode(majority(bench, bench.train), {}).columns["label"]
    assert list(said) == pytest.approx([5.5] * 12, abs=0.5)


def test_words_tell_topics(tmp_path):
    said, topics = zip(*texts(90), strict=True)
    bench = toy_bench(toy_backbone(), tmp_path, said[:60], topics[:60])
    outputs = shallow(bench, said[:60], said[60:])
    assert (outputs.argmax(dim=1) == bench.task.encode(topics[60:])).float().mean() > 0.95


def test_colours_tell_fruits(tmp_path):
    random = np.random.default_rng(0)
    names = [list(HUES)[i % 3] for i in range(36)]
    pictures = [Image.fromarray(pixels(HUES[name], random)) for name in names]
    bench = toy_bench(toy_backbone(), tmp_path, pictures[:24], names[:24])
    described = np.stack([picture_features(picture) for picture in pictures])
    outputs = shallow(bench, described[:24], described[24:])
    assert (outputs.argmax(dim=1) == bench.task.encode(names[24:])).float().mean() > 0.7  # by chance 0.33


@pytest.mark.parametrize("targets", [[["a"], ["b"], ["a", "b"], []] * 5, [float(i) for i in range(20)]])
def test_shallow_serves_every_task(tmp_path, targets):
    said = [text for text, _ in texts(20)]
    bench = toy_bench(toy_backbone(), tmp_path, said, ["a", "b"] * 10)
    task = TASKS.load("multi_label" if isinstance(targets[0], list) else "regression").from_targets(targets)
    bench = replace(bench, task=task, targets=task.encode(targets))
    assert shallow(bench, said, said).shape == (20, task.outputs)


def test_a_probe_on_random_weights_leaves_nothing_behind(bench, tmp_path):
    bench = replace(bench, store=FrontierStore(tmp_path / "store"))
    outputs = random_weights(bench, toy_backbone(), bench.validation)
    assert outputs.shape == (10, 2)
    assert outputs.std() > 0
    assert not (bench.folder / "kept").exists()
    assert list((tmp_path / "store").rglob("*")) == []


def test_from_scratch_trains_every_stage(bench, monkeypatch):
    depths, climb = [], FineTuning.climb

    def noted(self, prepared, bench):
        depths.append(prepared.plan.freeze_depth)
        return climb(self, prepared, bench)

    monkeypatch.setattr(FineTuning, "climb", noted)
    strategy = FineTuning(epochs=1)
    backbone = toy_backbone()
    rung = strategy.rungs(backbone, bench.task, len(bench.train))[0]
    assert rung.freeze_depth > 0
    outputs = from_scratch(bench, backbone, strategy, rung, bench.validation, seconds=0.5)
    assert depths == [0]
    assert outputs.shape == (10, 2)
    assert not (bench.folder / rung.name).exists()


def test_a_few_are_run_without_a_trial(bench):
    outputs = random_weights(bench, toy_backbone(), bench.validation, trial=False)
    assert outputs.shape == (10, 2)
    assert outputs.std() > 0
    assert bench.engines.choices == []


def test_what_shallow_features_take_is_predicted(bench, monkeypatch):
    """By a clock that goes on by a second whenever it is looked at, 16 texts and one more take one second."""
    monkeypatch.setattr(_baselines, "time", SimpleNamespace(perf_counter=itertools.count().__next__))
    monkeypatch.setattr(_sparse_head, "predicted_seconds", lambda *_: 0.0)
    said = [text for text, _ in texts(40)]
    bench = replace(bench, train=inputs_of(toy_backbone(), said[:30]))
    assert shallow_seconds(bench, said[:30], said[30:]) == pytest.approx(40 / 17)
