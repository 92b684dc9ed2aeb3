"""Differences of rungs on the same held-out examples, by hand."""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from headstart.ladder.comparison import HeldOut, simplest_of_the_best
from headstart.strategies.base import Rung
from headstart.tasks import TASKS
from headstart.tasks.classification import Classification
from scripted_ladder import answers, wrong_at

TRUTH = [0, 1] * 100
TASK = TASKS.load("classification")(["no", "yes"], [100, 100])


@pytest.fixture
def held_out() -> HeldOut:
    return HeldOut(TASK, torch.tensor(TRUTH), seed=0)


def test_a_gain_has_the_paired_standard_error(held_out: HeldOut):
    # 12 won, 4 lost of 200: the paired difference has mean 0.04 and variance 16/200 - 0.04².
    gain = held_out.gain(wrong_at(TRUTH, [*range(18), 50, 51, 52, 53]), wrong_at(TRUTH, range(30)))
    assert gain.figure.value == pytest.approx(0.04)
    error = ((16 / 200 - 0.04**2) / 200) ** 0.5
    assert gain.error == pytest.approx(error, rel=0.1)
    assert gain.figure.low == pytest.approx(0.04 - 1.96 * error, abs=0.01)
    assert gain.figure.high == pytest.approx(0.04 + 1.96 * error, abs=0.01)
    assert not gain.within_one_error
    assert held_out.gain(wrong_at(TRUTH, range(30)), wrong_at(TRUTH, range(30))).within_one_error


class Counting(Classification):
    """Counts how often each figure of each outputs is measured."""

    asked: ClassVar[Counter[tuple[str, int]]] = Counter()

    def measure(self, name: str, outputs: torch.Tensor, *given: Any) -> np.ndarray:
        self.asked[name, outputs.data_ptr()] += 1
        return super().measure(name, outputs, *given)


def test_a_rung_is_measured_once_however_often_it_is_compared() -> None:
    task = Counting(["no", "yes"], [100, 100])
    held = HeldOut(task, torch.tensor(TRUTH), seed=0)
    rungs = [wrong_at(TRUTH, range(n)) for n in (60, 40, 30, 28)]
    for count in range(1, 5):
        best = held.best(rungs[:count])
        held.gain(rungs[count - 1], rungs[best])
    # The last has 2 mistakes fewer than the one before: 0.010 with a standard error of √(0.0099 / 200) = 0.0070.
    assert simplest_of_the_best(held, rungs, [0.0, 0.3, 0.6, 1.0]) == 3
    assert set(task.asked.values()) <= {1, 2}, "on the resamples, and as they are"
    assert len(task.asked) == 8, "two guarded figures of four rungs"


def test_other_outputs_where_the_first_have_lain_are_measured(held_out: HeldOut) -> None:
    said = [held_out.value(wrong_at(TRUTH, range(n))) for n in range(20)]
    assert said == pytest.approx([1 - n / 200 for n in range(20)])


def test_where_less_is_better_a_gain_is_still_positive():
    task = TASKS.load("regression")(mean=0.0, deviation=2.0)
    encoded = torch.linspace(-1, 1, 50)
    held = HeldOut(task, encoded, seed=0)
    near, far = encoded[:, None] + 0.1, encoded[:, None] + 0.4
    # Mean absolute errors of 0.2 and 0.8 in the person's units.
    assert held.value(near) == pytest.approx(-0.2, rel=1e-4)
    assert held.gain(near, far).figure.value == pytest.approx(0.6, rel=1e-4)
    assert held.loss_of(far, near) == "mae"
    assert held.loss_of(near, far) is None
    assert held.nothing_to_gain(near) is None


def test_mistakes_are_counted_up_to_eight_and_a_tenth(held_out: HeldOut):
    assert [held_out.nothing_to_gain(wrong_at(TRUTH, range(n))) for n in (0, 8, 9)] == [0, 8, None]


# Two examples won and one lost against 20 mistakes: 0.005 with a standard error of √(3 / 200) / √200 = 0.0087.
POOR, GOOD, SLIGHTLY_BETTER = (wrong_at(TRUTH, rows) for rows in (range(60), range(20), [*range(18), 50]))


def test_the_simplest_of_the_best(held_out: HeldOut):
    assert simplest_of_the_best(held_out, [POOR, GOOD, SLIGHTLY_BETTER], [0.0, 0.5, 1.0]) == 1
    assert simplest_of_the_best(held_out, [POOR, GOOD, GOOD], [0.0, 0.5, 1.0]) == 1
    assert simplest_of_the_best(held_out, [GOOD, POOR], [0.0, 0.5]) == 0
    assert simplest_of_the_best(held_out, [POOR], [0.0]) == 0


def test_of_rungs_as_simple_as_each_other_the_best_counts_and_of_equals_the_later(held_out: HeldOut):
    assert simplest_of_the_best(held_out, [GOOD, SLIGHTLY_BETTER], [0.0, 0.0]) == 1
    assert simplest_of_the_best(held_out, [SLIGHTLY_BETTER, GOOD], [0.0, 0.0]) == 0
    assert simplest_of_the_best(held_out, [GOOD, GOOD, GOOD], [0.0, 0.0, 0.5]) == 1
    assert simplest_of_the_best(held_out, [GOOD, POOR, SLIGHTLY_BETTER], [0.0, 0.0, 0.5]) == 0


def test_a_small_loss_of_a_guarded_figure_is_no_loss(held_out: HeldOut):
    assert held_out.loss_of(wrong_at(TRUTH, range(21)), wrong_at(TRUTH, range(20, 40))) is None
    assert held_out.loss_of(answers([0] * 200), wrong_at(TRUTH, range(20))) == "accuracy"


def test_of_few_examples_the_rung_that_gives_the_truth_more_probability_is_kept_among_those_as_simple():
    """Both have one of 20 wrong; the second is as sure of its 19 and less of its mistake."""
    truth = [0, 1] * 10
    held = HeldOut(TASK, torch.tensor(truth), seed=0, by_loss=True)
    sure, calm = wrong_at(truth, [3]), wrong_at(truth, [3])
    calm[3] = calm[3] / 10
    assert held.merit(calm) > held.merit(sure)
    assert simplest_of_the_best(held, [calm, sure], [0.0, 0.0]) == 0
    assert simplest_of_the_best(held, [sure, calm], [0.0, 0.0]) == 1
    assert simplest_of_the_best(held, [sure, calm], [0.0, 0.5]) == 0  # the second trains what it costs in use
    right_or_wrong = HeldOut(TASK, torch.tensor(truth), seed=0)
    assert simplest_of_the_best(right_or_wrong, [calm, sure], [0.0, 0.0]) == 1  # equal: what learnt more


def test_a_rung_far_below_the_best_is_not_kept_for_its_loss():
    truth = [0, 1] * 10
    held = HeldOut(TASK, torch.tensor(truth), seed=0, by_loss=True)
    assert simplest_of_the_best(held, [wrong_at(truth, range(9)), wrong_at(truth, [])], [0.0, 0.0]) == 1


def test_what_is_made_for_few_counts_as_simple():
    assert Rung("few", "b", 0, 1.0, for_few=True).counted_reach(under_maps=False) == 0
    assert Rung("full", "b", 0, 1.0).counted_reach(under_maps=False) == 1


def test_under_a_head_that_reads_maps_tuning_all_counts_as_simple():
    assert Rung("full", "b", 0, 1.0).counted_reach(under_maps=True) == 0
