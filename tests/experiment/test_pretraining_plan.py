"""How long a student is taught: the plan keeps within the time, and asks the teacher for no more than is learnt."""

from __future__ import annotations

import pytest

from headstart.experiment.pretraining.plan import (
    KEPT_BACK,
    LOOKS,
    ROUNDS,
    as_asked,
    looks_within,
    streamed,
    usual_epoch,
    within,
)
from headstart.pretraining import Plan


@pytest.mark.parametrize(("pictures", "crops"), [(1, 2048), (42, 2058), (2048, 2048), (5000, 5000)])
def test_of_few_pictures_an_epoch_takes_several_crops_each(pictures: int, crops: int) -> None:
    assert usual_epoch(pictures) == crops


@pytest.mark.parametrize("pictures", [1, 300, 50_000])
@pytest.mark.parametrize(("teacher", "student"), [(0.01, 0.01), (0.2, 0.01), (0.001, 0.05)])
@pytest.mark.parametrize("left", [300.0, 3600.0])
def test_a_plan_keeps_within_the_time(pictures: int, teacher: float, student: float, left: float) -> None:
    plan = within(pictures, left, teacher, student, 1e-3)
    assert plan.crops % plan.per_epoch == 0
    assert plan.crops <= ROUNDS * plan.per_epoch
    assert plan.crops <= plan.epochs * plan.per_epoch
    seconds = plan.crops * teacher + plan.epochs * plan.per_epoch * student
    assert plan.epochs == 1 or seconds <= left
    one_more = seconds + plan.per_epoch * student
    assert one_more > left or plan.epochs == 1


def test_no_time_at_all_is_one_short_epoch() -> None:
    plan = within(1000, -5.0, 0.01, 0.01, 1e-3)
    assert (plan.epochs, plan.per_epoch, plan.crops) == (1, 64, 64)


def test_as_many_epochs_as_were_asked_for() -> None:
    assert as_asked(3000, 40, 1e-3).epochs == 40
    assert as_asked(3000, 40, 1e-3).crops == ROUNDS * 3000
    assert as_asked(3000, 2, 1e-3).crops == 6000


def test_looks_take_a_small_share_and_there_is_always_one() -> None:
    assert looks_within(1000.0, 1.0) == LOOKS
    assert looks_within(200.0, 10.0) == 3
    assert looks_within(10.0, 10.0) == looks_within(-1.0, 10.0) == 1
    assert looks_within(100.0, 0.0) == LOOKS


@pytest.mark.parametrize("decoding", [0.0, 60.0])
@pytest.mark.parametrize("left", [300.0, 1200.0])
def test_a_streamed_plan_keeps_within_the_time(decoding: float, left: float) -> None:
    """600 crops at 0.1 s take a minute, and another to decode their pictures; those of the first epoch are there."""
    plan = streamed(600, left, 0.1, 64, 1e-3, decoding)
    seconds = plan.crops * 0.1 + (plan.epochs - 1) * decoding
    assert plan.crops == plan.epochs * plan.per_epoch
    assert plan.per_epoch >= 600, "every picture of a turn is shown"
    assert left * (1 - KEPT_BACK) - plan.epochs * 6.4 < seconds <= left * (1 - KEPT_BACK)
    assert plan.epochs == {(300.0, 0.0): 4, (300.0, 60.0): 2, (1200.0, 0.0): 18, (1200.0, 60.0): 9}[left, decoding]


def test_a_streamed_plan_without_time_is_one_step() -> None:
    assert (streamed(600, -5.0, 0.1, 64, 1e-3, 60.0).crops, streamed(600, 0.0, 0.1, 64, 1e-3).crops) == (64, 64)


@pytest.mark.parametrize("looks", [1, 3, 10])
def test_as_many_looks_are_due_as_there_is_time_for_and_no_more(looks: int) -> None:
    for epochs in range(1, 101):
        plan = Plan(64, 64, epochs, 64, 1e-3, looks=looks)
        due = [done for done in range(1, epochs + 1) if plan.looks_after(done)]
        assert len(due) == min(epochs, looks)
        assert due[-1] == epochs


def test_several_views_of_each_picture_make_a_longer_epoch() -> None:
    assert (usual_epoch(3000, 2), usual_epoch(42, 2)) == (6000, 2058)
