"""A student in training: what it is shown is what its teacher saw, and a state that was kept goes on as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from headstart.backbones import SOURCES
from headstart.backbones.images.crops import same_crops
from headstart.backbones.images.preprocess import ImagePreprocess
from headstart.core.device import choose_device
from headstart.core.errors import HeadstartError, UsageError
from headstart.core.progress import Progress
from headstart.core.timing import Stopwatch
from headstart.data.examples import Examples
from headstart.data.modalities import MODALITIES
from headstart.frozen.activations import FrozenPart
from headstart.frozen.choosing import Engines
from headstart.frozen.frontier import WHOLE, whole_features
from headstart.pretraining import METHODS, Course, Learner, Plan, Stored, crops_of

PLAN = Plan(crops=24, per_epoch=12, epochs=4, batch_size=4, rate=1e-3)


def pictures(count: int = 5) -> Examples:
    random = np.random.default_rng(0)
    made = [Image.fromarray(random.integers(0, 255, (70, 90, 3), np.uint8)) for _ in range(count)]
    return Examples("image", made, [str(number) for number in range(count)])


def course(plan: Plan = PLAN) -> Course:
    torch.manual_seed(0)
    student, teacher = (SOURCES.load("timm")().tiny(name) for name in ("resnet50", "mobilenetv2_100"))
    seen, taught = same_crops(student, teacher)
    examples, kind = pictures(), MODALITIES.load("image")()
    inputs = crops_of(examples, [f"p{i}" for i in range(5)], kind, taught, plan.crops, 0, Stopwatch())
    frontier, progress = whole_features(teacher.requires_grad_(False).eval()), Progress(quiet=True)
    part = FrozenPart(frontier, Engines("eager"), None, choose_device("cpu"), Stopwatch(), progress)
    answers = part.over(inputs)
    lesson = METHODS.load("distillation")().lesson(student.feature_size, answers.batch(range(8))[WHOLE])
    shown = Stored(replace(inputs, preprocess=seen), answers, 0)
    return Course(student, lesson, shown, plan, 0, choose_device("cpu"))


def test_student_and_teacher_are_shown_the_same_crop() -> None:
    """Of a picture whose colour tells where one is, two networks of other sizes and statistics see the same place."""
    ramp = np.linspace(0, 255, 200)
    where = np.stack([np.tile(ramp, (160, 1)), np.tile(ramp[:160, None], (1, 200)), np.full((160, 200), 128)], axis=2)
    picture = Image.fromarray(where.astype(np.uint8))
    one, other = (SOURCES.load("timm")().tiny(name) for name in ("resnet50", "mobilenetv2_100"))
    halves = {"mean": (0.5,) * 3, "std": (0.5,) * 3}
    other.preprocess = ImagePreprocess.from_pretrained_cfg({"input_size": (3, 96, 96), **halves})
    views = same_crops(one, other)
    assert views[0].size_hint == views[1].size_hint == 192
    means = []
    for key in ("a", "b", "c"):
        shown = [view(picture, key=key)["pixels"] for view in views]
        assert [tuple(pixels.shape[1:]) for pixels in shown] == [(64, 64), (96, 96)]
        plain = [
            pixels * (1 / (255 * v._scale)) - v._shift * (1 / (255 * v._scale))
            for pixels, v in zip(shown, views, strict=True)
        ]
        means.append([pixels.mean(dim=(1, 2)) for pixels in plain])
        assert torch.allclose(*means[-1], atol=0.02)
    assert not torch.allclose(means[0][0], means[1][0], atol=0.02)


def test_every_picture_is_met_before_any_is_met_again() -> None:
    made = course()
    names = [made.shown.crops.examples.ids[row] for row in range(15)]
    assert all(sorted(names[start : start + 5]) == ["0", "1", "2", "3", "4"] for start in (0, 5, 10))
    assert len(set(made.shown.crops.keys)) == PLAN.crops
    assert [PLAN.first(epoch) for epoch in range(4)] == [0, 12, 0, 12]


def test_a_student_learns_and_its_teacher_stays_what_it_was() -> None:
    made = course(replace(PLAN, crops=12, epochs=20, rate=3e-3))
    teacher = made.shown.answers.part.frontier.state
    before = {name: tensor.clone() for name, tensor in teacher.items()}
    learner = Learner(made)
    losses = [learner.epoch(number) for number in range(20)]
    assert losses[-1] < 0.8 * losses[0]
    assert before
    assert all(torch.equal(teacher[name], tensor) for name, tensor in before.items())


def test_what_was_kept_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    whole, killed = Learner(course()), Learner(course())
    for number in range(3):
        whole.epoch(number)
    killed.epoch(0)
    killed.save(tmp_path)
    again = Learner(course())
    again.load(tmp_path)
    for number in (1, 2):
        again.epoch(number)
    states = [learner.both.state_dict() for learner in (whole, again)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_a_loss_that_is_no_number_is_said() -> None:
    learner = Learner(course())
    with torch.no_grad():
        next(learner.both["student"].parameters()).fill_(float("nan"))
    with pytest.raises(HeadstartError, match=r"epoch 1 is no finite number.* a lower --rate than 0\.001"):
        learner.epoch(0)


def test_crops_are_cut_from_pictures_alone() -> None:
    text, picture = SOURCES.load("transformers_text")().tiny("bert"), SOURCES.load("timm")().tiny("resnet50")
    with pytest.raises(UsageError, match="takes no pictures"):
        same_crops(picture, text)
