"""Early stopping restores, stages thaw one by one, weights are averaged, a killed run goes on from where it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from headstart.core.timing import Stopwatch
from headstart.model.network import Network
from headstart.training import checkpoint
from headstart.training.callback import Callback, Moment
from headstart.training.checkpoint import Checkpoint
from headstart.training.early_stopping import EarlyStopping, best_epoch
from headstart.training.gradual_unfreezing import GradualUnfreezing
from headstart.training.loop import run
from headstart.training.weight_averaging import WeightAveraging
from toys import same_state

Make = Callable[..., Any]


class Script(Callback):
    """Puts figures of its own into the curve, and keeps the weights of every epoch."""

    def __init__(self, accuracies: list[float], losses: list[float]) -> None:
        self.accuracies, self.losses = accuracies, losses
        self.weights: list[dict[str, torch.Tensor]] = []

    def on_epoch_end(self, job, moment):
        moment.curve[-1]["accuracy"] = self.accuracies[moment.epoch]
        moment.curve[-1]["validation_loss"] = self.losses[moment.epoch]
        self.weights.append({name: value.clone() for name, value in job.plan.moving_state().items()})


@pytest.mark.parametrize(
    ("accuracies", "losses", "best", "ran"),
    [
        ([0.5, 0.9, 0.7, 0.8, 0.6], [1, 1, 1, 1, 1], 1, 4),
        ([0.5, 0.9, 0.9, 0.9, 0.6], [1, 0.5, 0.4, 0.45, 1], 2, 5),
        ([0.9, 0.5, 0.5, 0.95, 0.5], [1, 1, 1, 1, 1], 0, 3),
        ([0.1, 0.2, 0.3, 0.4, 0.5], [5, 4, 3, 2, 1], 4, 5),
    ],
)
def test_the_best_epoch_is_restored(toy: Make, accuracies: list[float], losses: list[float], best: int, ran: int):
    subject, script = toy(epochs=5), Script(accuracies, losses)
    stopping = EarlyStopping("accuracy", True, patience=2)
    moment = run(subject.job(), [script, stopping])
    assert len(moment.curve) == ran
    assert stopping.best_epoch == best
    state = subject.plan.moving_state()
    assert all(torch.equal(state[name], value) for name, value in script.weights[best].items())
    assert best == ran - 1 or any(
        not torch.equal(state[name], value) for name, value in script.weights[ran - 1].items()
    )


def test_of_equal_epochs_the_one_of_less_loss_is_the_best_and_lower_may_be_better():
    curve = [
        {"mae": 2.0, "validation_loss": 1.0},
        {"mae": 1.0, "validation_loss": 1.0},
        {"mae": 1.0, "validation_loss": 0.5},
        {"mae": 1.0, "validation_loss": 0.5},
    ]
    assert best_epoch(curve, "mae", higher_is_better=False) == 2
    assert best_epoch(curve, "mae", higher_is_better=True) == 0
    assert best_epoch([{"train_loss": 1.0}], "mae", True) is None


def test_gradual_unfreezing_thaws_one_stage_after_the_other(toy: Make):
    subject = toy(depth=0, epochs=6, held_out=0)
    moved: list[list[bool]] = []

    class Watch(Callback):
        def on_epoch_begin(self, job, moment):
            self.before = [subject.network.backbone.network[4 * i].weight.clone() for i in range(4)]
            self.head = subject.network.head.weight.clone()

        def on_epoch_end(self, job, moment):
            layers = subject.network.backbone.network
            stages = [not torch.equal(layers[4 * i].weight, before) for i, before in enumerate(self.before)]
            moved.append([*stages, not torch.equal(subject.network.head.weight, self.head)])

    run(subject.job(), [GradualUnfreezing(), Watch()])
    # Three steps down to the first block; half of six epochs: one more block an epoch.
    assert moved[0] == [False, False, True, True, True]
    assert moved[1] == [False, True, True, True, True]
    assert moved[2:] == [[True] * 5] * 4


class Steps(Callback):
    """Keeps the weights of the head after every step, and at every epoch's end."""

    def __init__(self) -> None:
        self.after_step: list[torch.Tensor] = []
        self.after_epoch: list[torch.Tensor] = []

    def on_step_end(self, job, moment):
        self.after_step.append(job.plan.network.head.weight.detach().clone())

    def on_epoch_end(self, job, moment):
        self.after_epoch.append(job.plan.network.head.weight.detach().clone())


def test_the_average_of_the_weights_is_judged_and_kept_and_the_steps_go_on_from_the_weights(toy: Make):
    plain, subject = toy(epochs=2, held_out=0), toy(epochs=2, held_out=0)
    average = plain.network.head.weight.detach().clone()
    weights, seen = Steps(), Steps()
    run(plain.job(), [weights])
    run(subject.job(), [WeightAveraging(0.3), seen])
    steps, wanted = len(weights.after_step) // 2, []
    for number, weight in enumerate(weights.after_step, 1):
        kept = min(0.3, (1 + number) / (10 + number))  # 2/11, 3/12, 4/13, then 0.3
        average = kept * average + (1 - kept) * weight
        wanted += [average] if number % steps == 0 else []
    assert len(wanted) == 2
    for found, mean in zip(seen.after_epoch, wanted, strict=True):
        torch.testing.assert_close(found, mean, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(subject.network.head.weight.detach(), wanted[1], rtol=1e-5, atol=1e-7)
    assert not torch.allclose(wanted[1], weights.after_step[-1], atol=1e-5)


@pytest.fixture(autouse=True)
def after_every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkpoints are written however short an epoch was."""
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)


class Killed(Exception):
    pass


class Kill(Callback):
    """Stands behind the checkpoint, or in the middle of an epoch."""

    def __init__(self, epoch: int, midway: bool = False) -> None:
        self.epoch, self.midway = epoch, midway

    def on_step_end(self, job, moment):
        if self.midway and moment.epoch == self.epoch:
            raise Killed

    def on_epoch_end(self, job, moment):
        if moment.epoch == self.epoch:
            raise Killed


def callbacks(folder: Path) -> tuple[list[Callback], EarlyStopping]:
    stopping, averaging = EarlyStopping("accuracy", True, patience=3), WeightAveraging(0.8)
    return [GradualUnfreezing(), averaging, stopping, Checkpoint(folder, Stopwatch(), stopping, averaging)], stopping


SETTINGS = {"epochs": 6, "dropout": 0.3, "views": 3, "mixup": 0.3, "l2_sp": 0.01, "depth": 1}


@pytest.fixture(scope="module")
def whole_run(lasting_toy: Make, tmp_path_factory: pytest.TempPathFactory) -> tuple[Network, Moment, EarlyStopping]:
    """A run that nothing interrupts: its network, where it ended, and which epoch it found best."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADSTART_CACHE", str(folder / "cache"))
        whole = lasting_toy(**SETTINGS)
        known, stopping = callbacks(folder / "run")
        return whole.network, run(whole.job(), known), stopping


@pytest.mark.parametrize("midway", [False, True])
@pytest.mark.parametrize("epoch", [0, 2, 4])
def test_a_killed_run_resumed_is_the_uninterrupted_one(
    toy: Make, whole_run: tuple[Network, Moment, EarlyStopping], tmp_path: Path, epoch: int, midway: bool
):
    network, uninterrupted, stopping = whole_run
    assert len(uninterrupted.curve) > epoch

    killed = toy(**SETTINGS)
    with pytest.raises(Killed):
        run(killed.job(), [*callbacks(tmp_path / "killed")[0], Kill(epoch, midway)])

    resumed = toy(**SETTINGS)
    torch.manual_seed(999)
    again, stopping_again = callbacks(tmp_path / "killed")
    moment = run(resumed.job(), again)
    assert moment.curve == uninterrupted.curve
    assert (moment.epoch, moment.step) == (uninterrupted.epoch, uninterrupted.step)
    assert stopping_again.best_epoch == stopping.best_epoch
    assert same_state(resumed.network, network)


def test_a_run_killed_after_its_last_epoch_only_restores(toy: Make, tmp_path: Path):
    subject = toy(epochs=2)
    whole, _ = callbacks(tmp_path / "run")
    finished = run(subject.job(), whole)
    again = toy(epochs=2)
    steps = []

    class Count(Callback):
        def on_step_end(self, job, moment: Moment):
            steps.append(moment.step)

    moment = run(again.job(), [*callbacks(tmp_path / "run")[0], Count()])
    assert steps == []
    assert moment.curve == finished.curve
    assert same_state(again.network, subject.network)


def test_without_held_out_examples_the_last_epoch_is_kept_and_resumes_too(toy: Make, tmp_path: Path):
    whole = toy(epochs=3, held_out=0)
    run(whole.job(), [Checkpoint(tmp_path / "whole", Stopwatch(), None)])
    with pytest.raises(Killed):
        run(toy(epochs=3, held_out=0).job(), [Checkpoint(tmp_path / "killed", Stopwatch(), None), Kill(1)])
    resumed = toy(epochs=3, held_out=0)
    run(resumed.job(), [Checkpoint(tmp_path / "killed", Stopwatch(), None)])
    assert same_state(resumed.network, whole.network)


class Slow(Callback):
    """Epochs that take 100 seconds by the stopwatch."""

    def __init__(self, stopwatch: Stopwatch) -> None:
        self.stopwatch = stopwatch

    def on_epoch_end(self, job, moment):
        self.stopwatch.credit(100)


def test_epochs_before_a_kill_count_with_the_seconds_they_took(toy: Make, tmp_path: Path):
    before, after = Stopwatch(), Stopwatch()
    with pytest.raises(Killed):
        run(toy(epochs=4).job(), [Slow(before), Checkpoint(tmp_path / "run", before, None), Kill(1)])
    run(toy(epochs=4).job(), [Slow(after), Checkpoint(tmp_path / "run", after, None)])
    assert before.total == pytest.approx(200, abs=20)
    assert after.total == pytest.approx(400, abs=20)


def test_of_short_epochs_not_each_is_written(toy: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """By hand: with a clock that gives a quarter of a second an epoch, the fourth and the eighth of nine."""
    monkeypatch.setattr(checkpoint, "EVERY", 1.0)
    now, written = [0.0], []

    class Quarter(Callback):
        def on_epoch_end(self, job, moment):
            now[0] += 0.25

    class Look(Callback):
        def on_epoch_end(self, job, moment):
            state = tmp_path / "run" / "state.json"
            written.append(json.loads(state.read_text())["epoch"] if state.exists() else 0)

    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: now[0])
    run(toy(epochs=9, held_out=0).job(), [Quarter(), Checkpoint(tmp_path / "run", Stopwatch(), None), Look()])
    assert written == [0, 0, 0, 4, 4, 4, 4, 8, 8]
