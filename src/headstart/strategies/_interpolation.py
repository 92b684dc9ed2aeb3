"""Weights on the way from where a rung started to where it was tuned to, chosen on held-out examples (WiSE-FT)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from headstart.frozen.inputs import Inputs
from headstart.model.freezing import FreezePlan
from headstart.training.loop import outputs_of
from headstart.training.workbench import TrainedPart, Workbench

SHARES = (0.75, 0.5, 0.25)
"""Shares of the way that are tried beside the whole of it: few, so that chance finds little to choose from."""


def moving(plan: FreezePlan) -> dict[str, Tensor]:
    """A copy of all that the plan's rung may move, normalisation statistics among it."""
    return {name: value.detach().clone() for name, value in plan.moving_state().items()}


def go(plan: FreezePlan, start: dict[str, Tensor], tuned: dict[str, Tensor], share: float) -> None:
    """Give the network the weights (1 - share) start + share tuned; whole numbers (counters) stay the tuned ones.

    Wortsman et al. 2022, "Robust fine-tuning of zero-shot models" (arXiv:2109.01903), equation 2: a network tuned
    from a solved head lies in one basin with its start, and weights between them often do better than either.
    """
    plan.load_moving_state(
        {
            name: torch.lerp(start[name].to(value), value, share) if value.is_floating_point() else value
            for name, value in tuned.items()
        }
    )


def choose(plan: FreezePlan, start: dict[str, Tensor], bench: Workbench) -> float:
    """Move the plan's network, which is tuned, to the best share of the way from `start`; returns that share.

    The one with the least calibrated loss on the held-out examples, among those that are no worse than what was tuned
    by the watched figure. The loss tells shares apart that the figure cannot: it is smooth along the way, where of a
    few hundred examples one or two change sides. A tie stays with what was tuned, and nothing is tried that the time
    does not allow.
    """
    tuned = moving(plan)
    began = bench.stopwatch.total
    whole = best = _judged(plan, bench)
    took, chosen = bench.stopwatch.total - began, 1.0
    for share in SHARES:
        if bench.stopwatch.total + took > bench.last_rung_ends:
            break
        go(plan, start, tuned, share)
        judged = _judged(plan, bench)
        if judged.figure >= whole.figure and judged.loss < best.loss:
            chosen, best = share, judged
    go(plan, start, tuned, chosen)
    return chosen


class Judged(NamedTuple):
    """The watched figure on the held-out examples, larger is better, and the loss of calibrated outputs."""

    figure: float
    loss: float


def _judged(plan: FreezePlan, bench: Workbench) -> Judged:
    task, encoded, outputs = bench.task, _held_out(bench)[1], _outputs(plan, bench)
    sign = 1 if task.higher_is_better[task.watched] else -1
    calibrated = task.calibrated(outputs, task.calibrate(outputs, encoded))
    return Judged(sign * task.value(task.watched, outputs, encoded), float(task.loss(calibrated, encoded)))


def _held_out(bench: Workbench) -> tuple[Inputs, Tensor]:
    if bench.validation is None or bench.validation_targets is None:
        raise ValueError("a share is chosen on held-out examples, and there are none on this bench")
    return bench.validation, bench.validation_targets


def _outputs(plan: FreezePlan, bench: Workbench) -> Tensor:
    """Outputs (N, C) for the held-out examples, from the frontier on."""
    part = bench.frozen_part(plan.network)
    with bench.stopwatch.lap("train"):
        trained = TrainedPart(plan.network.eval(), part.frontier)
        return outputs_of(trained, part.over(_held_out(bench)[0]), bench.device)
