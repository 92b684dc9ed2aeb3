"""What every pretraining method with a teacher promises; a new one joins by its file."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from headstart.pretraining import METHODS
from headstart.pretraining.base import TaughtMethod

COUNT, WIDTH, ANSWERS = 64, 12, 7


TAUGHT = [name for name in METHODS.names() if issubclass(METHODS.load(name), TaughtMethod)]


@pytest.fixture(params=TAUGHT)
def method(request: pytest.FixtureRequest) -> TaughtMethod:
    made: TaughtMethod = METHODS.load(request.param)()
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


def test_it_says_what_it_does(method: TaughtMethod) -> None:
    assert method.summary[0].islower()
    assert not method.summary.endswith(".")
    assert type(method).__doc__
