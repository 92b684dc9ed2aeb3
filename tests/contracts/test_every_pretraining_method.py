"""What every pretraining method promises, those for pictures above all; a new one joins by its file."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from headstart.backbones import SOURCES
from headstart.data.modalities import MODALITIES
from headstart.pretraining import METHODS
from headstart.pretraining._text_method import TextMethod
from headstart.pretraining.base import OwnMethod, PretrainingMethod, TaughtMethod
from headstart.tasks import TASKS

COUNT, WIDTH, ANSWERS = 64, 12, 7


def of_kind(kind: type) -> list[str]:
    return [name for name in METHODS.names() if issubclass(METHODS.load(name), kind)]


@pytest.fixture(params=of_kind(TaughtMethod))
def method(request: pytest.FixtureRequest) -> TaughtMethod:
    made: TaughtMethod = METHODS.load(request.param)()
    return made


@pytest.fixture(params=of_kind(OwnMethod))
def own(request: pytest.FixtureRequest) -> OwnMethod:
    made: OwnMethod = METHODS.load(request.param)()
    return made


def told(seed: int = 0) -> tuple[Tensor, Tensor]:
    """Crops (64, 5) as a student sees them, and a teacher's features (64, 7) of them, of very different sizes."""
    random = torch.Generator().manual_seed(seed)
    seen = torch.randn(COUNT, 5, generator=random)
    mixed = torch.randn(5, ANSWERS, generator=torch.Generator().manual_seed(9))
    return seen, torch.tanh(seen @ mixed) * torch.logspace(-3, 3, ANSWERS) + 5.0


def test_a_student_learns_it(method: TaughtMethod) -> None:
    seen, answers = told()
    torch.manual_seed(0)
    student, lesson = nn.Sequential(nn.Linear(5, 32), nn.ReLU(), nn.Linear(32, WIDTH)), method.lesson(WIDTH, answers)
    optimizer = torch.optim.Adam([*student.parameters(), *lesson.parameters()], lr=0.01)
    losses = []
    for _ in range(200):
        optimizer.zero_grad()
        loss = lesson(student(seen), answers)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.3 * losses[0]
    new, of_new = told(seed=1)
    with torch.no_grad():
        assert float(lesson(student(new), of_new)) < 0.7 * losses[0]


def test_the_size_of_a_teachers_features_does_not_matter(method: TaughtMethod) -> None:
    _, answers = told()
    features = torch.randn(COUNT, WIDTH, generator=torch.Generator().manual_seed(3))
    losses = []
    for scale in (1.0, 1000.0):
        torch.manual_seed(0)
        losses.append(method.lesson(WIDTH, answers * scale)(features, answers * scale).item())
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_features_that_never_change_do_no_harm(method: TaughtMethod) -> None:
    _, answers = told()
    answers[:, 2] = 4.0
    features = torch.randn(COUNT, WIDTH, requires_grad=True)
    loss = method.lesson(WIDTH, answers)(features, answers + 1e-6)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(features.grad).all()
    assert loss.dim() == 0
    assert loss.item() < 100


@pytest.mark.parametrize("name", METHODS.names())
def test_it_says_what_it_does_and_has_a_default_for_everything(name: str) -> None:
    method: PretrainingMethod = METHODS.load(name)()
    method.check()
    assert method.modalities
    assert set(method.modalities) <= set(MODALITIES.names())
    assert method.summary[0].islower()
    assert not method.summary.endswith(".")
    assert type(method).__doc__
    assert isinstance(method, TaughtMethod | OwnMethod | TextMethod)


def shown(each: int) -> tuple[Tensor, Tensor]:
    """Pictures (8, 3, 64, 64) of two kinds, whose crops differ by some noise, and their kinds."""
    random = torch.Generator().manual_seed(0)
    kinds = torch.arange(8 // each) % 2
    waves = torch.sin(torch.arange(64) * 0.7).expand(64, 64)
    whole = torch.stack([waves if kind else waves.T for kind in kinds]).unsqueeze(1).expand(-1, 3, -1, -1)
    crops = whole.repeat(each, 1, 1, 1)
    return crops + 0.3 * torch.randn(crops.shape, generator=random), kinds.repeat(each)


@pytest.mark.parametrize("name", ["mobilenetv2_100", "vit_tiny_patch16_224"])
def test_a_network_learns_it_without_a_teacher(own: OwnMethod, name: str) -> None:
    """And only what serves the learning is left behind: the network's own parameters are trained, and no others."""
    torch.manual_seed(0)
    student, (crops, kinds) = SOURCES.load("timm")().tiny(name), shown(own.each)
    task = TASKS.load("classification").from_targets(["across", "upright"] * 4) if own.labelled else None
    lesson = own.lesson(student, task)
    names = set(student.state_dict())
    optimizer = torch.optim.Adam([*student.parameters(), *lesson.parameters()], lr=1e-3)
    targets = kinds if own.labelled else torch.zeros(len(crops), 0)
    student.train()
    losses = []
    for _ in range(12):
        optimizer.zero_grad()
        loss = lesson(student, {"pixels": crops}, targets)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert loss.dim() == 0
    assert min(losses[-3:]) < 0.97 * losses[0]
    assert all(torch.isfinite(parameter).all() for parameter in student.parameters())
    assert set(student.state_dict()) == names
