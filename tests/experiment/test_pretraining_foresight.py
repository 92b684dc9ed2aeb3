"""A first epoch that takes more than the budget is foreseen, and so are a teacher's answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from headstart.core.progress import Counter, Progress
from headstart.experiment.pretraining import plan as pretraining_plan
from headstart.experiment.pretraining.foresight import Foresight
from headstart.frozen.activations import FrozenPart
from small_world import status


@dataclass
class Moved(Counter):
    """Remembers how far it was moved."""

    count: int = 0

    def advance(self, count: int = 1) -> None:
        self.count += count


@pytest.mark.parametrize(("deadline", "said"), [(95.0, True), (125.0, False)])
def test_an_epoch_that_ends_after_the_deadline_is_foreseen_once(
    deadline: float, said: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tenth of it took ten seconds, and it began 20 seconds after the beginning: it ends 120 after that."""
    stopwatch, moved = SimpleNamespace(total=20.0), Moved()
    foresight = Foresight(moved, 1000, "crops", stopwatch, deadline, Progress())
    for total in (20.5, 25.0, 30.0):
        stopwatch.total = total
        foresight.advance(int(10 * (total - 20)) - foresight.done)
    assert moved.count == 100
    told = (
        "The budget is too small for an epoch of 1,000 crops: this one ends about 2 min after the beginning, and no"
    )
    assert capsys.readouterr().err.count(told) == said


def test_a_slow_first_batch_foretells_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    stopwatch = SimpleNamespace(total=0.0)
    foresight = Foresight(Moved(), 1000, "crops", stopwatch, 60.0, Progress())
    for batch in range(20):
        stopwatch.total = 10 + 0.2 * batch
        foresight.advance(10)
    assert not capsys.readouterr().err


def test_a_budget_that_is_too_small_for_what_is_asked_is_told_beforehand(
    photos: Path, at_hand: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once the teacher's answers lie in the store they take nothing."""
    monkeypatch.setattr(pretraining_plan, "ENOUGH", 42)
    monkeypatch.setattr(FrozenPart, "seconds_per_example", lambda self, inputs, ahead: 2.0)
    monkeypatch.setenv("HEADSTART_CACHE", str(at_hand / "cache"))
    command = ["pretrain", photos, "--teacher", "tiny_resnet", "--student", "tiny_resnet", "--course", "stored"]
    command += ["--engine", "eager", "--epochs", 1, "--budget", "60s"]
    assert status(*command, "--out", "a") == 0
    said = capsys.readouterr().err
    assert "The budget is too small: the teacher's answers for 42 crops take about 1 min 24 s, and then an" in said
    assert said.index("too small") < said.index("epoch 1: loss")
    assert status(*command, "--out", "b") == 0
    assert "too small" not in capsys.readouterr().err
