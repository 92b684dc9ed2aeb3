"""Judges a finished rung on the held-out examples; how long that takes tells what the last judgement will take."""

from __future__ import annotations

import time

from torch import Tensor

from headstart.core.results import Figures
from headstart.ladder.comparison import HeldOut
from headstart.ladder.step import Step
from headstart.ladder.unseen import unseen_outputs
from headstart.model.network import Network
from headstart.strategies.base import Climbed
from headstart.training.workbench import Workbench


def answers(step: Step, start: Network, climbed: Climbed, bench: Workbench) -> Tensor:
    """Outputs (N, …) of a finished rung for the held-out examples."""
    if bench.validation is None:
        raise ValueError("a rung cannot be compared without held-out examples")
    if bench.folds is not None:
        return unseen_outputs(step, start, climbed, bench, bench.folds)
    began = time.perf_counter()
    outputs = bench.outputs(climbed.network, bench.validation, keep=not step.tunes(climbed))
    bench.ending.answers_take((time.perf_counter() - began) / len(outputs))
    return outputs


def figures(held_out: HeldOut, outputs: Tensor, bench: Workbench) -> Figures:
    """All figures of the held-out examples."""
    began = time.perf_counter()
    found = held_out.figures(outputs)
    bench.ending.figures_take((time.perf_counter() - began) / len(outputs))
    return found
