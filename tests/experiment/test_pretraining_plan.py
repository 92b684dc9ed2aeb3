"""How long a student is taught: the plan keeps within the time, and asks the teacher for no more than is learnt."""

from __future__ import annotations

import pytest

from headstart.experiment.pretraining.plan import LOOKS, ROUNDS, as_asked, looks_within, usual_epoch, within


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
