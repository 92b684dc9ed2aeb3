"""A request is checked once, and every mistake of it is said together."""

from __future__ import annotations

from pathlib import Path

import pytest

from headstart.core.errors import UsageError
from headstart.core.spec import FitSpec


def test_the_defaults_are_a_valid_request():
    assert FitSpec("photos/").budget == 600


def test_all_mistakes_are_said_together():
    with pytest.raises(UsageError) as caught:
        FitSpec("photos/", budget=-1, seed=-2, test_share=1.0, resume=True)
    said = str(caught.value)
    for words in ("budget must be positive, got -1", "seed must not be negative, got -2", "got 1", "--resume needs"):
        assert words in said


@pytest.mark.parametrize("budget", [0.0, float("nan")])
def test_a_budget_that_is_no_amount_of_time_is_refused(budget: float):
    with pytest.raises(UsageError, match="budget must be positive"):
        FitSpec("photos/", budget=budget)


def test_a_further_table_needs_a_target():
    assert FitSpec("tickets.csv", also=("prices.csv:price",)).also
    with pytest.raises(UsageError, match=r"--also prices.csv: write the table and its target"):
        FitSpec("tickets.csv", also=("prices.csv",))


def test_resuming_into_a_folder_is_fine():
    assert FitSpec("photos/", resume=True, out=Path("model")).resume
