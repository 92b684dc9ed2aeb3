"""Counts as people write them."""

from __future__ import annotations

import pytest

from headstart.core.counts import first_few, parse_count, parse_share, say_count
from headstart.core.errors import UsageError


@pytest.mark.parametrize(
    ("text", "count"), [("30M", 30_000_000), ("1.5 k", 1500), ("2b", 2 * 10**9), ("100000", 100_000), (" 7 ", 7)]
)
def test_what_people_write(text: str, count: int) -> None:
    assert parse_count(text) == count


@pytest.mark.parametrize("text", ["", "many", "30MB", "-3M", "0", "0.1"])
def test_what_is_no_count(text: str) -> None:
    with pytest.raises(UsageError, match="is not a count"):
        parse_count(text)


@pytest.mark.parametrize(
    ("count", "said"),
    [(3_538_984, "3.5 M"), (280_000, "280 k"), (12, "12"), (999_900, "1.0 M"), (1_500_000_000, "1.5 B"), (0, "0")],
)
def test_what_people_read(count: int, said: str) -> None:
    assert say_count(count) == said


@pytest.mark.parametrize(("text", "share"), [("2%", 0.02), ("0.5 %", 0.005), ("0.02", 0.02), (".5", 0.5), ("0", 0.0)])
def test_shares(text: str, share: float) -> None:
    assert parse_share(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["", "two", "120%", "1.5", "-1%", "2 points"])
def test_what_is_no_share(text: str) -> None:
    with pytest.raises(UsageError, match="not a share"):
        parse_share(text)


def test_a_few_names_and_how_many_more() -> None:
    assert first_few(["a", "b"]) == "a, b"
    assert first_few(list("abc"), 2) == "a, b and 1 more"
    assert first_few(["x"] * 1205, 1) == "x and 1,204 more"
