"""A run that would overrun its time ends after the epoch at hand."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from headstart.training.callback import Moment
from headstart.training.time_limit import TimeLimit


@pytest.mark.parametrize(("ends_at", "stops"), [(40.0, False), (50.0, False), (51.0, True)])
def test_it_stops_when_another_epoch_like_this_one_would_end_too_late(ends_at: float, stops: bool) -> None:
    clock = SimpleNamespace(total=10.0)
    limit, moment = TimeLimit(clock, deadline=90.0), Moment()
    limit.on_epoch_begin(None, moment)
    clock.total = ends_at
    limit.on_epoch_end(None, moment)
    assert moment.stop is stops
