"""The descent finds optima known in closed form or by scikit-learn."""

from __future__ import annotations

import threading
from concurrent.futures import Future

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from headstart.core.threads import NoLongerWanted, workers
from headstart.strategies import _descent
from headstart.strategies._descent import Point, Preconditioner, descend
from headstart.strategies._several_heads import SeveralHeads
from headstart.tasks import TASKS


def numbers(count: int = 20, width: int = 5) -> SeveralHeads:
    random = np.random.default_rng(0)
    x = random.normal(0, 1, (count, width)) * np.logspace(0, -3, width)
    y = x @ random.normal(0, 1, width) + 0.1 * random.normal(0, 1, count)
    task = TASKS.load("regression").from_targets(y.tolist())
    coordinates = torch.from_numpy(np.c_[x, np.ones(count)]).float()
    return SeveralHeads(task, coordinates, task.encode(y.tolist()), torch.ones(1, count))


def test_squares_take_hardly_a_step_however_badly_scaled():
    """The preconditioner is then the inverse Hessian up to the estimate of a curvature that is everywhere 2."""
    problem = numbers()
    end = descend(problem, Point.at(problem, problem.start), 1e-3, 1e-9, limit=3)
    x, y = problem.coordinates.double(), problem.encoded.double()
    shrinkage = 1e-3 * torch.eye(6, dtype=torch.float64)
    shrinkage[-1, -1] = 0
    wanted = torch.linalg.solve(2 * x.T @ x / 20 + shrinkage, 2 * x.T @ y / 20)
    torch.testing.assert_close(end.outputs[:, 0].double(), x @ wanted, rtol=0, atol=1e-3)
    torch.testing.assert_close(problem.outputs(end.both), end.outputs, rtol=0, atol=1e-4)


def test_it_ends_where_nobody_waits_for_it_any_more():
    begun = threading.Event()

    def long() -> None:
        begun.set()
        while True:
            problem = numbers()
            descend(problem, Point.at(problem, problem.start), 1e-3, 1e-9, limit=3)

    def interrupted() -> None:
        with workers(1, 1) as beside:
            handed_in.append(beside.submit(long))
            assert begun.wait(10)
            raise KeyboardInterrupt

    handed_in: list[Future[None]] = []
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert isinstance(handed_in[0].exception(), NoLongerWanted)


@pytest.mark.parametrize("width", [2048, 3])
def test_classes_come_out_as_with_scikit_learn(monkeypatch: pytest.MonkeyPatch, width: int):
    """Also where the preconditioner sees only a few coordinates at a time."""
    monkeypatch.setattr(_descent, "WIDTH", width)
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 150)
    x = (random.normal(0, 1, (3, 8))[labels] + random.normal(0, 1, (150, 8))) @ random.normal(0, 1, (8, 8))
    x -= x.mean(0)
    task = TASKS.load("classification").from_targets(["a", "b", "c"])
    coordinates = torch.from_numpy(np.c_[x, np.ones(150)]).float()
    weights = torch.ones(2, 150)
    weights[1, 100:] = 0  # the second head sees the first hundred examples only
    problem = SeveralHeads(task, coordinates, torch.from_numpy(labels), weights)
    outputs = descend(problem, Point.at(problem, problem.start), 0.01, 1e-8, limit=100).outputs
    for head, seen in ((0, 150), (1, 100)):
        given = torch.softmax(outputs[:, 3 * head : 3 * head + 3], dim=1).numpy()
        # Mean over 150 + 0.01 / 2 ‖W‖² is scikit-learn's sum + ‖W‖² / (2 C) for C = 1 / (150 × 0.01).
        model = LogisticRegression(C=1 / 1.5, tol=1e-10, max_iter=10_000).fit(x[:seen], labels[:seen])
        np.testing.assert_allclose(given, model.predict_proba(x), atol=2e-3)


def test_it_stops_at_once_where_nothing_is_left_to_gain():
    problem = numbers()
    end = descend(problem, Point.at(problem, problem.start), 1e-3, 1e-9, limit=20)
    again = descend(problem, Point.at(problem, end.both), 1e-3, 1e-4, limit=20)
    assert torch.equal(again.both, end.both)
    assert not torch.equal(end.both, problem.start)


def test_the_limit_holds():
    problem = numbers()
    start = Point.at(problem, problem.start)
    end = descend(problem, start, 1e-3, 0.0, limit=0)
    assert torch.equal(end.both, problem.start)
    assert torch.equal(end.outputs, torch.zeros(20, 1))
    assert end.loss == start.loss


def test_a_point_left_is_the_point_at_its_weights():
    """So that the next penalty may start from it without looking at the examples again."""
    problem = numbers()
    end = descend(problem, Point.at(problem, problem.start), 0.1, 1e-9, limit=2)
    again = Point.at(problem, end.both)
    assert end.loss == pytest.approx(again.loss, rel=1e-4)
    torch.testing.assert_close(end.slope, again.slope, rtol=0, atol=1e-4)


def test_what_was_learnt_of_the_curvature_moves_with_the_penalty():
    """A quadratic loss with Hessian H + penalty: changes of the gradient are (H + penalty) times the steps."""
    problem = numbers()
    learnt = descend(problem, Point.at(problem, problem.start), 0.5, 1e-12, limit=1).memory
    shrinkage = torch.tensor([0.1] * 5 + [0.0])
    moved = learnt.under(shrinkage, Preconditioner.of(problem, torch.zeros(20, 1), 0.1))
    hessian = 2 * problem.coordinates.T @ problem.coordinates / 20 + torch.diag(shrinkage)
    assert moved.pairs
    for step, change, *_ in moved.pairs:
        torch.testing.assert_close(change, step @ hessian, rtol=1e-2, atol=1e-4 * float(change.abs().max()))
