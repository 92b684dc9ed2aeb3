"""WiSE-FT: weights on the way between two networks, and which share of the way is taken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from headstart.model.freezing import FreezePlan
from headstart.strategies import _interpolation
from headstart.strategies._interpolation import Judged, choose, go, moving
from headstart.training.workbench import Workbench
from toys import toy_backbone, toy_bench, toy_network, toy_pictures


def laid_out(folder: Path, held_out: int = 40) -> tuple[FreezePlan, Workbench]:
    pictures, labels = toy_pictures(10 + held_out)
    backbone = toy_backbone(dropout=0.0)
    bench = toy_bench(backbone, folder, pictures, labels, held_out=held_out)
    plan = FreezePlan(toy_network(backbone, bench.task), 2)
    plan.apply()
    return plan, bench


def test_weights_lie_on_the_line_and_counters_do_not(tmp_path: Path) -> None:
    plan, _ = laid_out(tmp_path)
    start = {name: torch.zeros_like(value) for name, value in moving(plan).items()}
    tuned = {name: torch.full_like(value, 4) for name, value in start.items()}
    frozen = plan.snapshot()
    go(plan, start, tuned, 0.25)
    for value in plan.moving_state().values():
        assert torch.all(value == (1.0 if value.is_floating_point() else 4))
    plan.verify(frozen)


@pytest.mark.parametrize(("judged", "taken"), [
    ({1.0: (0.75, 0.6), 0.75: (0.75, 0.6), 0.5: (0.75, 0.6), 0.25: (0.75, 0.6)}, 1.0),  # ties stay
    ({1.0: (0.75, 0.6), 0.75: (0.75, 0.5), 0.5: (0.75, 0.4), 0.25: (0.75, 0.7)}, 0.5),  # the least loss
    ({1.0: (0.75, 0.6), 0.75: (0.75, 0.5), 0.5: (0.70, 0.4), 0.25: (0.70, 0.3)}, 0.75),  # but no worse figure
    ({1.0: (0.75, 0.6), 0.75: (0.80, 0.7), 0.5: (0.80, 0.7), 0.25: (0.80, 0.7)}, 1.0),  # nor a greater loss
])  # fmt: skip
def test_the_share_of_least_loss_that_is_no_worse(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    judged: dict[float, tuple[float, float]],
    taken: float,
) -> None:
    plan, bench = laid_out(tmp_path)
    start = {name: torch.zeros_like(value) for name, value in moving(plan).items()}
    for value in plan.moving_state().values():
        value.data.fill_(1)

    def looked_up(plan: FreezePlan, bench: Workbench) -> Judged:
        return Judged(*judged[round(share_of(plan), 2)])

    monkeypatch.setattr(_interpolation, "_judged", looked_up)
    assert choose(plan, start, bench) == taken
    assert share_of(plan) == pytest.approx(taken)


def share_of(plan: FreezePlan) -> float:
    """Where the network stands on the way from weights that are 0 to weights that are 1."""
    return next(value for value in moving(plan).values() if value.is_floating_point()).flatten()[0].item()


def test_held_out_examples_are_judged_calibrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outputs ten times too sure lose nothing once they are calibrated: 30 of 40 right is a loss of ln 4 − ¾ ln 3."""
    plan, bench = laid_out(tmp_path)
    truth = bench.validation_targets
    assert truth is not None
    said = torch.where(torch.arange(40) < 30, truth, 1 - truth)
    monkeypatch.setattr(_interpolation, "_outputs", lambda *given: 30 * torch.nn.functional.one_hot(said, 2).float())
    figure, loss = _interpolation._judged(plan, bench)
    assert figure == pytest.approx(0.75)
    assert loss == pytest.approx(np.log(4) - 0.75 * np.log(3), rel=0.05)  # 7.5 uncalibrated


def test_the_outputs_are_those_of_the_network_as_it_stands(tmp_path: Path) -> None:
    plan, bench = laid_out(tmp_path)
    given = _interpolation._outputs(plan, bench)
    assert bench.validation is not None
    network = plan.network.eval()
    expected = [network({n: t[None] for n, t in bench.validation.tensors(i).items()})[0] for i in range(40)]
    torch.testing.assert_close(given, torch.stack(expected).detach(), rtol=1e-3, atol=1e-3)


def test_nothing_is_tried_that_the_time_does_not_allow(tmp_path: Path) -> None:
    plan, bench = laid_out(tmp_path)
    start = {name: torch.zeros_like(value) for name, value in moving(plan).items()}
    before = moving(plan)
    assert choose(plan, start, replace(bench, deadline=1e-9)) == 1.0
    assert all(torch.equal(before[name], value) for name, value in plan.moving_state().items())
