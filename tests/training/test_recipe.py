"""The rate of each step, by hand."""

from __future__ import annotations

import itertools
import math
from types import SimpleNamespace
from typing import Any

import pytest

from headstart.core.errors import UsageError
from headstart.model.freezing import Rates
from headstart.training.recipe import Recipe, rate_factor, views_of


def test_the_rate_rises_to_one_and_falls_to_almost_nothing():
    factors = [rate_factor(step, 100, 0.1) for step in range(100)]
    assert factors[:10] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    assert max(factors) == 1.0
    assert factors[10] == 1.0
    assert factors[55] == pytest.approx(0.5), "halfway down the cosine, (55 - 10) / 90"
    assert factors[32] == pytest.approx(0.5 * (1 + math.cos(math.pi * 22 / 90)))
    assert 0 < factors[-1] < 0.001
    assert all(a >= b for a, b in itertools.pairwise(factors[9:]))


@pytest.mark.parametrize(("total", "warmup"), [(1, 0.1), (2, 0.1), (3, 0.0), (4, 1.0)])
def test_short_runs_have_rates_above_zero_and_at_most_one(total: int, warmup: float):
    factors = [rate_factor(step, total, warmup) for step in range(total)]
    assert all(0 < factor <= 1 for factor in factors)
    assert max(factors) == 1


def test_epochs_go_round_the_views_and_the_plain_view_is_for_none():
    rates = Rates(0.1, 0.1)
    assert [Recipe(5, 8, rates, views=3).view(epoch) for epoch in range(5)] == [1, 2, 3, 1, 2]
    assert [Recipe(5, 8, rates).view(epoch) for epoch in range(3)] == [0, 0, 0]


@pytest.mark.parametrize(
    ("there", "wanted", "read"), [(64, None, 4), (3, None, 2), (1, None, 0), (64, 8, 8), (64, 64, 63), (1, 2, 0)]
)
def test_a_recipe_reads_only_views_that_there_are(there: int, wanted: int | None, read: int) -> None:
    """View 0 is the plain one, so of 3 there are two augmented."""
    preprocess: Any = SimpleNamespace(views=there)
    assert views_of(preprocess, wanted) == read


@pytest.mark.parametrize("numbers", [{"epochs": 0}, {"epochs": -2}, {"batch_size": 0}])
def test_a_recipe_that_trains_nothing_is_refused(numbers: dict[str, int]) -> None:
    ((name, number),) = numbers.items()
    with pytest.raises(UsageError, match=f"{name}={number}: it must be at least 1"):
        Recipe(**{"epochs": 1, "batch_size": 1, **numbers}, rates=Rates(0.0, 0.0))
