"""Figures as a person reads them, checked by hand."""

from __future__ import annotations

import math

import pytest

from headstart.core.results import Figure
from headstart.core.written_figures import NOTHING, Writing, is_proportion, percent, plain, three_digits, words

THIN = "\u202f"


def test_percent_has_one_decimal() -> None:
    assert percent(0.9791) == f"97.9{THIN}%"
    assert percent(1.0) == f"100.0{THIN}%"
    assert percent(math.nan) == percent(None) == NOTHING


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.41234, "0.412"),
        (0.5, "0.500"),
        (12.345, "12.3"),
        (123.0, "123"),
        (999.7, "1,000"),
        (1234567.0, "1,234,567"),
        (-0.5, "−0.500"),
        (0.0, "0"),
        (math.inf, NOTHING),
    ],
)
def test_three_digits(number: float, text: str) -> None:
    assert three_digits(number) == text


def test_intervals() -> None:
    assert Writing(True).interval(Figure(0.9, 0.852, 0.9)) == f"85.2–90.0{THIN}%"
    assert Writing(False).interval(Figure(0.1, -0.2, 0.3)) == "−0.200 to 0.300"
    assert Writing(True).interval(Figure(0.9, math.nan, 1)) == NOTHING


def test_only_shares_are_proportions() -> None:
    assert is_proportion("accuracy", True, [0.9, 1.0, math.nan])
    assert not is_proportion("log_loss", False, [0.3])
    assert not is_proportion("r2", True, [0.83])
    assert not is_proportion("score", True, [0.9, 1.2])
    assert not is_proportion("accuracy", True, [math.nan])


def test_differences_have_a_sign_and_distances_none() -> None:
    gain = Figure(0.123, -0.0501, 0.2)
    assert Writing(True).difference(gain.value) == f"+12.3{THIN}points"
    assert Writing(True).range(gain) == f"−5.0 to +20.0{THIN}points"
    assert Writing(False).range(gain) == "−0.0501 to +0.200"
    assert Writing(True).difference(-0.0) == Writing(True).difference(-0.0004) == f"+0.0{THIN}points"
    assert percent(-0.0) == f"0.0{THIN}%"
    assert Writing(True).distance(-0.05) == f"5.0{THIN}points"
    assert Writing(False).distance(-0.05) == "0.0500"
    assert Writing(True).difference(math.nan) == Writing(False).difference(math.inf) == NOTHING


def test_words() -> None:
    assert words("macro_f1") == "macro F1"
    assert words("r2") == "R²"
    assert words("team: mae") == "team: mean absolute error"


def test_terminals_get_plain_spaces() -> None:
    assert plain(f"5.0{THIN}points") == "5.0 points"
