"""The removal test on a network that reads one part alone."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from headstart.backbones.base import Batch
from headstart.explanations._output_aim import OutputAim
from headstart.explanations._parts import Parts, Shown
from headstart.explanations._removal import Falls, falls, marked_parts, removal
from headstart.explanations.base import Asked
from toys import toy_task


class Flags(Parts):
    """Parts that are there (1) or not (0), and are the tensor themselves."""

    entry, noun = "flags", "flags"

    def __init__(self, count: int) -> None:
        self.count = count

    def scores(self, given: Tensor) -> Tensor:
        return given

    def without(self, example: Batch, removed: Tensor) -> Batch:
        return {"flags": (~removed).float()}

    def emptied(self, example: Batch) -> Batch:
        return {"flags": torch.zeros(self.count)}

    def show(self, given: Tensor, original: object, caption: str) -> Shown:
        return Shown("")


class First(nn.Module):
    """Log-odds 2 for label a while the first part is there, else 0."""

    def forward(self, batch: Batch) -> Tensor:
        return torch.stack([2 * batch["flags"][:, 0], torch.zeros(len(batch["flags"]))], dim=1)


def question(count: int) -> Asked:
    aim = OutputAim(toy_task(["a", "b"]), {}, 0, "a")
    return Asked(First(), {"flags": torch.ones(count)}, aim, Flags(count))  # type: ignore[arg-type]


SURE = 1 / (1 + math.exp(-2))


def test_the_part_that_matters_costs_all_and_a_random_one_seldom_does() -> None:
    scores = torch.zeros(20)
    scores[0] = 1
    fell = falls(question(20), scores, seed=0)
    assert fell.before == pytest.approx(SURE)
    assert fell.without == pytest.approx(0.5)
    assert fell.marked == pytest.approx(SURE - 0.5)
    hits = fell.random > 1e-9
    assert fell.random[hits] == pytest.approx(np.full(hits.sum(), SURE - 0.5))
    assert 0 < hits.mean() < 0.35  # two of twenty are drawn each time: 0.1
    assert fell.ratio.value == pytest.approx(1 / hits.mean())
    check = removal(question(20), scores)
    assert check.passed
    assert "from 0.881 to 0.500" in check.summary


def test_the_curve_goes_from_a_twentieth_to_two_fifths_and_the_tenth_decides() -> None:
    scores = torch.zeros(20)
    scores[0] = 1
    check = removal(question(20), scores)
    assert [point.removed for point in check.curve] == [0.05, 0.1, 0.2, 0.4]
    assert [point.marked for point in check.curve] == pytest.approx([SURE - 0.5] * 4)
    fell = falls(question(20), scores, seed=0)
    assert check.curve[1].random == pytest.approx(fell.random.mean())
    assert check.value == fell.ratio
    few = removal(question(10), scores[:10])  # a twentieth of ten parts is one, as a tenth is
    assert [point.removed for point in few.curve] == [0.1, 0.2, 0.4]


def test_a_part_that_does_not_matter_fails() -> None:
    scores = torch.zeros(20)
    scores[7] = scores[8] = 1
    check = removal(question(20), scores)
    assert check.passed is False
    assert check.value.value == 0
    assert "matter no more than others" in check.summary


def test_the_same_seed_draws_the_same() -> None:
    scores = torch.arange(20.0)
    drawn = {seed: falls(question(20), scores, seed).random for seed in (3, 4, 5)}
    assert (drawn[3] == falls(question(20), scores, 3).random).all()
    assert len({draws.tobytes() for draws in drawn.values()}) > 1, "another seed draws others"


def test_a_tenth_is_at_least_one_part_and_ties_go_to_the_first() -> None:
    assert marked_parts(torch.tensor([1.0, 5.0, 2.0])).tolist() == [False, True, False]
    assert int(marked_parts(torch.zeros(196)).sum()) == 20
    assert marked_parts(torch.zeros(30)).nonzero().flatten().tolist() == [0, 1, 2]


def test_where_only_the_marked_parts_cost_anything_the_ratio_is_infinite() -> None:
    assert Falls(0.9, 0.4, 0.5, np.zeros(32)).ratio == (math.inf, math.inf, math.inf)
    assert Falls(0.9, 0.9, 0.0, np.full(32, 0.1)).ratio == (0, 0, 0)
    assert Falls(0.9, 0.5, 0.4, np.full(32, 0.1)).ratio == pytest.approx((4, 4, 4))


def test_a_number_is_told_in_its_units_and_moves_up_or_down() -> None:
    """Mean 500 and deviation 100: an output of 2 is 700, and 500 without the first part; a fall of it is unsigned."""
    asked = question(20)
    scores = torch.zeros(20)
    scores[0] = 1
    aim = OutputAim(toy_task([400.0, 600.0]), {}, 0, "number")
    said = removal(Asked(asked.network, asked.example, aim, asked.parts), scores).summary
    assert "the number goes from 700 to 500; without a random tenth it moves by " in said
    assert re.search(r"by [\d.]+ up or down on average", said)


def test_too_few_parts_allow_no_judgement() -> None:
    check = removal(question(2), torch.ones(2))
    assert check.passed is None
    assert math.isnan(check.value.value)
