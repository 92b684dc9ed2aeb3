"""The classic recipe: which epochs are run, and what those that are left out count."""

from __future__ import annotations

import importlib
import time
from pathlib import Path

import pytest


@pytest.mark.parametrize(("ran", "wall", "cpu"), [(1, 10 + 4 * 2, 12 + 4 * 3), (5, 10, 12)])
def test_epochs_that_are_left_out_count_like_those_that_ran(
    benchmarks: Path, ran: int, wall: float, cpu: float
) -> None:
    classic, processes = (importlib.import_module(f"lines.{name}") for name in ("_classic", "_processes"))
    run = importlib.import_module("measure").Run(status=0, stdout="", stderr="", wall=10.0, cpu=12.0)
    whole = classic._with_all_epochs(processes.Answer(run, {"epochs": [[2.0, 3.0]] * ran}))
    assert (whole.wall, whole.cpu) == (wall, cpu)


def test_an_epoch_is_timed_by_both_clocks(benchmarks: Path) -> None:
    clock = importlib.import_module("baselines._job").Clock(budget=0.0)
    for _ in range(2):
        with clock.epoch():
            sum(range(2_000_000))
    with clock.epoch():
        time.sleep(0.3)
    assert len(clock.epochs) == 3
    assert all(wall > 0 and cpu > 0 for wall, cpu in clock.epochs[:2])
    wall, cpu = clock.epochs[2]
    assert wall >= 0.3
    assert cpu < 0.15, "who sleeps uses no processor"
    assert clock.left() < 0
