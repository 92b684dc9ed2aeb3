"""Courses without a teacher: what is shown, statistics taken anew, a collapse that is noticed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from headstart.backbones import SOURCES
from headstart.backbones.images.crops import same_crops
from headstart.core.timing import Stopwatch
from headstart.data.examples import Examples
from headstart.data.modalities import MODALITIES
from headstart.frozen.inputs import Inputs
from headstart.pretraining import METHODS, Learner, OwnCourse, OwnCrops, Plan, Spread, Turns
from headstart.pretraining._collapse import spread
from headstart.pretraining._own_course import restate

CPU = torch.device("cpu")
PLAN = Plan(crops=48, per_epoch=24, epochs=2, batch_size=8, rate=3e-3, streamed=True)
COLOURS = torch.arange(6)


def inputs(count: int = 6) -> Inputs:
    """Six pictures, each of a grey of its own with some grain; or more of the same greys."""
    random = np.random.default_rng(0)
    made = [
        Image.fromarray((40 * (number % 6) + random.integers(0, 9, (70, 90, 3))).astype(np.uint8))
        for number in range(count)
    ]
    names = [str(number) for number in range(count)]
    return Inputs(Examples("image", made, names), MODALITIES.load("image")(), None, names, Stopwatch())


def course(method: str = "vicreg", name: str = "resnet50", most: float = 1e9) -> OwnCourse:
    torch.manual_seed(0)
    student, chosen = SOURCES.load("timm")().tiny(name), METHODS.load(method)()
    (sees,) = same_crops(student)
    sees.jitter = 0.0
    shown = OwnCrops(Turns(inputs(), 64, 0, CPU, most), sees, chosen.each, (0.5, 1.0), COLOURS, 0)
    return OwnCourse(student, chosen.lesson(student, None), shown, PLAN, 0, CPU)


def greys(pixels: torch.Tensor, made: OwnCourse) -> list[int]:
    """Which picture each crop is of; crops without colours have its grey too."""
    sees = made.shown.sees
    back = pixels * torch.tensor(sees.std).view(-1, 1, 1) + torch.tensor(sees.mean).view(-1, 1, 1)
    return (back.mean(dim=(1, 2, 3)) * 255 / 40 - 0.1).round().int().tolist()


def test_two_crops_of_the_same_pictures_follow_each_other() -> None:
    made = course()
    batches = list(made.shown.epoch(0, PLAN))
    assert [tuple(batch["pixels"].shape) for batch, _ in batches] == [(8, 3, 64, 64)] * 3
    for batch, wanted in batches:
        found = greys(batch["pixels"], made)
        assert found[:4] == found[4:] == wanted.values.tolist()[:4]
        assert not torch.equal(*batch["pixels"].chunk(2)), "they are other crops"
    met = [number for batch, _ in batches for number in greys(batch["pixels"], made)[:4]]
    assert sorted(met) == sorted(2 * list(range(6))), "each picture twice in two rounds"


def test_targets_follow_pictures_that_take_turns() -> None:
    made = course("masked_autoencoding", most=2.5 * 3 * 102**2)
    for number in range(3):
        for batch, wanted in made.shown.epoch(number, PLAN):
            assert greys(batch["pixels"], made) == wanted.values.tolist()


@pytest.mark.parametrize(
    ("method", "name"),
    [("vicreg", "resnet50"), ("masked_autoencoding", "resnet50"), ("masked_autoencoding", "vit_tiny_patch16_224")],
)
def test_a_network_learns_and_what_was_kept_goes_on_to_the_same_bits(method: str, name: str, tmp_path: Path) -> None:
    learner = Learner(course(method, name))
    learner.course.plan = replace(PLAN, epochs=8)
    losses = [learner.epoch(number) for number in range(4)]
    learner.save(tmp_path)
    again = Learner(course(method, name))
    again.course.plan = learner.course.plan
    again.load(tmp_path)
    for each in (learner, again):
        losses.append(each.epoch(4))
    assert losses[-1] == losses[-2]
    assert losses[-1] < 0.97 * losses[0]
    states = [each.both.state_dict() for each in (learner, again)]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_statistics_are_taken_anew_from_whole_batches() -> None:
    """Of batches 0, 2 and 4, 6 the means are 1 and 5, and the variances 2 each."""
    network = nn.Sequential(nn.BatchNorm1d(1), nn.Dropout(0.5))
    network[0].running_mean.fill_(9.0)
    restate(network, [torch.tensor([[0.0], [2.0]]), torch.tensor([[4.0], [6.0]])])
    assert network[0].running_mean.item() == pytest.approx(3.0)
    assert network[0].running_var.item() == pytest.approx(2.0)
    assert network[0].momentum == 0.1
    assert not network[0].training


def test_a_network_settles_on_pictures_as_they_are_in_use() -> None:
    made = course()
    before = {name: tensor.clone() for name, tensor in made.student.named_parameters()}
    made.settle()
    first = made.student.network.bn1
    whole = torch.stack([made.student.preprocess(picture)["pixels"] for picture in inputs().examples.references])
    with torch.no_grad():
        seen = made.student.network.conv1(whole)
    assert torch.allclose(first.running_mean, seen.mean(dim=(0, 2, 3)), atol=1e-4)
    assert all(torch.equal(before[name], tensor) for name, tensor in made.student.named_parameters())


@pytest.mark.parametrize(("pictures", "batches"), [(1, [2]), (33, [33]), (64, [32, 32]), (65, [32, 33])])
def test_no_batch_of_one_settles_a_network(pictures: int, batches: list[int]) -> None:
    """A norm of pooled features, such as that of MobileNetV4's head, has nothing to normalise one picture by."""
    made = course()
    shown = replace(made.shown, turns=Turns(inputs(pictures), 64, 0, CPU, 1e9))
    plain = list(shown.plain(made.student.preprocess, 256))
    assert [len(batch["pixels"]) for batch in plain] == batches
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.BatchNorm1d(3))
    restate(network, [batch["pixels"] for batch in plain])
    assert torch.isfinite(network[2].running_var).all()


def test_statistics_that_were_learnt_before_hold_still() -> None:
    """They normalise, and are neither moved by crops nor taken anew; the lesson's own layers do as ever."""
    made = course()
    made.holds = True
    before = {name: tensor.clone() for name, tensor in made.student.named_buffers()}
    own = made.lesson.expander[1].running_mean.clone()
    Learner(made).epoch(0)
    made.settle()
    assert all(torch.equal(before[name], tensor) for name, tensor in made.student.named_buffers())
    assert not torch.equal(made.lesson.expander[1].running_mean, own)


def test_spread_by_hand() -> None:
    """Rows (3, 0) and (3, 4): the variance is 4, the mean square 17."""
    assert spread(torch.tensor([[3.0, 0.0], [3.0, 4.0]])) == pytest.approx((4 / 17) ** 0.5)
    assert spread(torch.ones(4, 3)) == 0.0
    assert spread(torch.zeros(4, 3)) == 0.0


def test_a_collapse_is_noticed() -> None:
    made = course()
    watch = Spread(made)
    assert not watch.collapsed
    with torch.no_grad():
        last = made.student.network.layer4[-1].bn3
        last.weight.zero_()
        last.bias.fill_(1.0)
        for parameter in made.student.network.layer4[-1].downsample.parameters():
            parameter.zero_()
    assert watch.collapsed
