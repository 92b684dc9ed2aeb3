"""The loop learns, repeats itself exactly, and its losses are those of the papers."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from headstart.core.errors import FrozenPartChanged
from headstart.training import loop
from headstart.training.callback import Callback
from headstart.training.loop import Job, outputs_of, run, step_losses
from toys import same_state


def step_loss(job: Job, *given: Any) -> torch.Tensor:
    """What a step goes down where there is one task."""
    losses, extra = step_losses(job, *given)
    return losses.mean() + extra


class Note(Callback):
    """Writes down the moments."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def on_begin(self, job, moment):
        self.seen.append("begin")

    def on_epoch_begin(self, job, moment):
        self.seen.append(f"epoch {moment.epoch}")

    def on_step_end(self, job, moment):
        self.seen.append(f"step {moment.step}")

    def on_epoch_end(self, job, moment):
        self.seen.append(f"curve of {len(moment.curve)}")

    def on_end(self, job, moment):
        self.seen.append("end")


@pytest.mark.parametrize("depth", [0, 2])
def test_learning_raises_accuracy(toy: Callable[..., Any], depth: int):
    subject = toy(depth=depth, count=96, held_out=32, epochs=6, patience=6)
    curve = subject.train().curve
    held_out = [figures["accuracy"] for figures in curve]
    assert max(held_out) >= 0.85
    assert curve[-1]["train_loss"] < 0.8 * curve[0]["train_loss"]
    assert not subject.network.training


def test_the_same_seed_gives_the_same_weights_bit_for_bit_and_another_name_others(toy: Callable[..., Any]):
    subjects = [toy(views=3, mixup=0.4, epochs=4) for _ in range(3)]
    for turn, (subject, name) in enumerate(zip(subjects, ("run", "run", "other"), strict=True)):
        torch.manual_seed(turn)  # whatever ran before must not matter
        np.random.seed(turn)
        subject.train(name)
    assert same_state(subjects[0].network, subjects[1].network)
    assert not same_state(subjects[0].network, subjects[2].network)


def test_callbacks_meet_every_moment_in_order(toy: Callable[..., Any]):
    note = Note()
    run(toy(count=30, held_out=0, epochs=2, batch_size=16).job(), [note])
    assert note.seen == [
        "begin",
        *("epoch 0", "step 1", "step 2", "curve of 1"),
        *("epoch 1", "step 3", "step 4", "curve of 2"),
        "end",
    ]


def test_a_callback_that_says_stop_ends_the_run_after_its_epoch(toy: Callable[..., Any]):
    class Stop(Callback):
        def on_step_end(self, job, moment):
            moment.stop = True

    moment = run(toy(epochs=5).job(), [Stop()])
    assert moment.epoch == 1
    assert moment.step == moment.steps_per_epoch == 3


def test_something_frozen_that_moves_fails_the_run(toy: Callable[..., Any]):
    subject = toy()

    class Tamper(Callback):
        def on_epoch_end(self, job, moment):
            subject.network.backbone.network[1].running_mean[0] += 1e-3

    with pytest.raises(FrozenPartChanged, match=r"backbone\.network\.1\.running_mean"):
        run(subject.job(), [Tamper()])


def test_a_last_batch_of_one_trains_under_batch_normalisation(toy: Callable[..., Any]):
    subject = toy(depth=0, count=17, held_out=0, epochs=1)
    sizes = []
    job = subject.job()
    job.trained.register_forward_pre_hook(lambda module, args: sizes.append(len(args[0]["pixels"])))
    run(job, [])
    assert sizes == [8, 8, 2]


def test_every_example_is_seen_once_an_epoch_in_another_order_each(toy: Callable[..., Any], monkeypatch):
    seen: list[list[int]] = []
    step = loop._step

    def noted(job, moment, rows, batch):
        seen.append(rows.tolist())
        return step(job, moment, rows, batch)

    monkeypatch.setattr(loop, "_step", noted)
    run(toy(count=24, held_out=0, epochs=2).job(), [])
    first, second = (list(itertools.chain(*part)) for part in (seen[:3], seen[3:]))
    assert sorted(first) == sorted(second) == list(range(24))
    assert first != second


def test_epochs_read_their_views_and_go_round(toy: Callable[..., Any]):
    subject = toy(views=3, epochs=5, held_out=0)
    job, read = subject.job(), []
    batch = job.train.batch
    job.train.batch = lambda rows, view=0: read.append(view) or batch(rows, view)
    run(job, [])
    assert np.array(read).reshape(5, -1).tolist() == [[view] * 5 for view in (1, 2, 3, 1, 2)]


def plain_loss(job, batch, targets) -> torch.Tensor:
    return functional.cross_entropy(job.trained(batch), targets)


def test_mixup_is_the_mixture_by_hand(toy: Callable[..., Any], monkeypatch: pytest.MonkeyPatch):
    subject = toy(mixup=0.4, dropout=0.0)
    subject.network.eval()
    job = subject.job()
    batch, targets = job.train.batch(range(8)), job.targets[:8]
    partner = torch.tensor([3, 0, 1, 2, 7, 6, 5, 4])
    monkeypatch.setattr(torch.distributions.Beta, "sample", lambda self, *_: torch.tensor(0.3))
    monkeypatch.setattr(torch, "randperm", lambda n: partner)
    given = step_loss(job, batch, targets, torch.ones(8))
    mixed = {name: 0.3 * t + 0.7 * t[partner] for name, t in batch.items()}
    # Cross-entropy against the soft target 0.3 one-hot + 0.7 one-hot of the partner.
    soft = 0.3 * functional.one_hot(targets, 2) + 0.7 * functional.one_hot(targets[partner], 2)
    wanted = -(soft * functional.log_softmax(job.trained(mixed), dim=1)).sum(1).mean()
    assert given.item() == pytest.approx(wanted.item(), rel=1e-6)


def test_mixup_leaves_activations_alone_that_cannot_be_mixed(toy: Callable[..., Any]):
    job = toy(mixup=0.4, dropout=0.0).job()
    job.plan.network.eval()
    batch, targets = job.train.batch(range(8)), job.targets[:8]
    with_ids = {**batch, "ids": torch.arange(8)}
    given = step_loss(job, with_ids, targets, torch.ones(8))
    assert given.item() == pytest.approx(plain_loss(job, batch, targets).item())


def test_weights_of_examples_count(toy: Callable[..., Any]):
    job = toy(dropout=0.0).job()
    job.plan.network.eval()
    batch, targets = job.train.batch(range(4)), job.targets[:4]
    each = functional.cross_entropy(job.trained(batch), targets, reduction="none")
    given = step_loss(job, batch, targets, torch.tensor([2.0, 0.0, 1.0, 1.0]))
    assert given.item() == pytest.approx(((2 * each[0] + each[2] + each[3]) / 4).item(), rel=1e-6)


def test_the_gradient_of_l2_sp_is_the_strength_times_the_distance(toy: Callable[..., Any]):
    subject = toy(l2_sp=0.25, dropout=0.0)
    job = subject.job()
    assert job.anchor.keys() == {name for name in subject.plan.trainable if name.startswith("backbone.")}
    subject.network.eval()
    moved = {name: p for name, p in subject.network.named_parameters() if name in job.anchor}
    with torch.no_grad():
        for parameter in moved.values():
            parameter.add_(torch.randn_like(parameter))
    batch, targets = job.train.batch(range(8)), job.targets[:8]
    pulled = torch.autograd.grad(step_loss(job, batch, targets, torch.ones(8)), list(moved.values()))
    plain = torch.autograd.grad(plain_loss(job, batch, targets), list(moved.values()))
    for (name, parameter), a, b in zip(moved.items(), pulled, plain, strict=True):
        torch.testing.assert_close(a - b, 0.25 * (parameter - job.anchor[name]).detach(), rtol=1e-4, atol=1e-5)


def test_l2_sp_pulls_nothing_where_only_the_head_trains(toy: Callable[..., Any]):
    job = toy(depth=4, l2_sp=0.1, dropout=0.0).job()
    assert job.anchor == {}
    with torch.no_grad():
        for parameter in job.plan.network.head.parameters():
            parameter.add_(1)
    _, pull = step_losses(job, job.train.batch(range(8)), job.targets[:8], torch.ones(8))
    assert pull.item() == 0


def test_outputs_of_everything_are_in_order_and_those_of_the_network(toy: Callable[..., Any]):
    subject = toy()
    subject.network.eval()
    job = subject.job()
    given = outputs_of(job.trained, job.train, torch.device("cpu"), size=5)
    with torch.no_grad():
        pixels = torch.stack([subject.bench.train.tensors(i)["pixels"] for i in range(len(subject.bench.train))])
        wanted = subject.network({"pixels": pixels})
    torch.testing.assert_close(given, wanted, rtol=1e-5, atol=1e-6)
