"""Models without pretraining: what they say is known by hand, and pretraining is really gone."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from headstart.core.engine_choice import EngineChoice, EngineTrial
from headstart.core.errors import HeadstartError
from headstart.core.shallow import picture_features
from headstart.frozen.frontier import WHOLE
from headstart.strategies._baselines import (
    from_scratch,
    majority,
    random_weights,
    random_weights_seconds,
    randomised,
    shallow,
    shallow_seconds,
)
from headstart.strategies.fine_tuning import FineTuning
from headstart.tasks import TASKS
from small_world import HUES, pixels, texts
from toys import inputs_of, same_state, toy_backbone, toy_bench, toy_pictures


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


def test_nothing_learnt_is_left_and_the_original_is_untouched(bench):
    backbone = toy_backbone()
    before = copy.deepcopy(backbone)
    fresh = randomised(backbone, bench)
    assert same_state(backbone, before)
    assert not any(
        torch.equal(a, b) for a, b in zip(backbone.parameters(), fresh.parameters(), strict=True) if a.dim() > 1
    )
    assert not fresh.training
    assert same_state(fresh, randomised(backbone, bench))


def test_its_statistics_are_those_of_the_examples(bench):
    fresh = randomised(toy_backbone(), bench)
    pictures = torch.stack([bench.train.tensors(i)["pixels"] for i in range(len(bench.train))])
    with torch.inference_mode():
        first = fresh.network[0](pictures)
    assert torch.allclose(fresh.network[1].running_mean, first.mean((0, 2, 3)), atol=1e-5)


def test_parameters_without_a_reset_are_shuffled(bench):
    backbone = toy_backbone()
    backbone.token = nn.Parameter(torch.arange(12.0).view(3, 4))
    token = randomised(backbone, bench).token
    assert not torch.equal(token, backbone.token)
    assert sorted(token.flatten().tolist()) == list(range(12))


def test_a_network_that_keeps_its_weights_is_an_error(bench):
    backbone = toy_backbone()
    backbone.network[0].reset_parameters = lambda: None
    with pytest.raises(HeadstartError, match=r"1 weights.*'network\.0\.weight'"):
        randomised(backbone, bench)


def test_a_probe_on_random_weights_leaves_nothing_behind(bench):
    outputs = random_weights(bench, toy_backbone(), bench.validation)
    assert outputs.shape == (10, 2)
    assert outputs.std() > 0
    assert not (bench.folder / "kept").exists()


def test_from_scratch_trains_every_stage(bench):
    strategy = FineTuning(epochs=1)
    backbone = toy_backbone()
    rung = strategy.rungs(backbone, bench.task, len(bench.train))[0]
    assert rung.freeze_depth > 0
    outputs = from_scratch(bench, backbone, strategy, rung, bench.validation, seconds=2.0)
    assert outputs.shape == (10, 2)
    assert not (bench.folder / rung.name).exists()


def test_what_takes_longer_with_more_examples_is_predicted_so(bench):
    backbone = toy_backbone()
    few = replace(bench, train=bench.train.select(range(10)), targets=bench.targets[:10])
    assert random_weights_seconds(few, backbone, bench.validation) > 0
    said = [text for text, _ in texts(40)]
    bench = replace(bench, train=inputs_of(backbone, said[:30]))
    assert shallow_seconds(bench, said[:30], said[30:]) > 0


def test_random_weights_take_as_long_as_plain_pytorch_did_in_the_trial(bench):
    """Then it is not run only to find out: 30 + 10 inputs at 2 s, and 30 for the statistics of its batches."""
    backbone = toy_backbone()
    tried = [EngineTrial("eager", 1, 0.0, 2.0, "the reference"), EngineTrial("other", 1, 0.0, 0.5, "faster")]
    bench.engines.choices.append(EngineChoice(WHOLE, "other", 1, 40, tried))
    backbone.features = None  # would fail where it is called
    assert random_weights_seconds(bench, backbone, bench.validation) == pytest.approx(140, abs=1)
