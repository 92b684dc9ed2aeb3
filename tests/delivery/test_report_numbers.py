"""How the report writes numbers and where its drawings put them, checked by hand."""

from __future__ import annotations

import math

import pytest

from headstart.delivery.report._names import breakable, prose, shortened
from headstart.delivery.report._numbers import of
from headstart.delivery.report._svg import Axis, round_axis

THIN = "\u202f"


def test_words() -> None:
    assert of(1, "example") == "1 example"
    assert of(2000, "example") == "2,000 examples"
    assert breakable("a/b_<c>") == "a/<wbr>b_<wbr>&lt;c&gt;"
    assert prose("run `headstart models` with --group auto") == (
        'run <code>headstart models</code> with <span class="option">--group</span> auto'
    )
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abc defg", 5) == "abc…"
    assert prose("5 s & 95 % of 3 sets") == f"5{THIN}s &amp; 95{THIN}% of 3 sets"


def test_axis_ends_at_round_ticks() -> None:
    # 0.94 … 0.997 over four intervals wants steps of 0.01425, so 0.02: ticks 0.94, 0.96, 0.98, 1.00.
    axis = round_axis([0.94, 0.997], 0.0, 1.0)
    assert axis.ticks == (0.94, 0.96, 0.98, 1.0)
    assert axis.share(0.955) == pytest.approx(0.25)
    assert axis.percent(0.97) == "50.00%"
    assert axis.labels(proportion=True) == [f"{n}{THIN}%" for n in (94, 96, 98, 100)]


def test_axis_stays_within_its_limits_and_takes_any_values() -> None:
    assert round_axis([0.99, 1.0], 0.0, 1.0).high == 1.0
    for values in ([], [1.0], [0.0, 0.0], [math.nan], [-5.0, 7000.0], [1e-9, 2e-9], [1.0, 1.0]):
        for limits in ((-math.inf, math.inf), (0.0, 1.0)):
            axis = round_axis(values, *limits)
            assert axis.low < axis.high
            assert all(0.0 <= axis.share(tick) <= 1.0 for tick in axis.ticks)
            assert len(axis.labels(False)) == len(axis.ticks)


def test_values_beyond_an_axis_sit_at_its_end() -> None:
    axis = Axis(0.0, 10.0, ())
    assert (axis.share(-3), axis.share(2.5), axis.share(11)) == (0.0, 0.25, 1.0)
