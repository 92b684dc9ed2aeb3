"""Examples of four classes, and candidates that are wrong about known ones, for the tests of the selector."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from headstart.backbones import Card
from headstart.data.checks import Checked
from headstart.data.examples import Examples
from headstart.data.modalities import MODALITIES
from headstart.data.splits import Split
from headstart.experiment.looks import KeptLooks
from headstart.experiment.material import Material
from headstart.experiment.selection.candidates import Candidate
from headstart.experiment.selection.halving import Probe
from headstart.experiment.selection.probe import Drawn, Probed
from headstart.tasks import TASKS

Wrong = Callable[[np.ndarray], np.ndarray]
"""Rows (n,) → whether the candidate is wrong about each."""


def material(count: int, tested: int = 0) -> Material:
    """`count` texts to learn from, of four classes in turn, and then `tested` ones."""
    total = count + tested
    texts, targets = [f"text {i}" for i in range(total)], [f"class {i % 4}" for i in range(total)]
    examples = Examples("text", texts, texts, targets)
    rows = np.arange(total)
    split = Split(rows[: count - count // 5], rows[count - count // 5 : count], rows[count:])
    looked = KeptLooks(None, MODALITIES.load("text")())
    task = TASKS.load("classification").from_targets(targets)
    return Material(Checked(examples, [], texts, [], [], ()), task, split, looked, None)


def candidate(name: str, static_rank: int = 1, rank: float = 80.0) -> Candidate:
    return Candidate(name, Card(name, "text", rank=rank), static_rank)


def prober(wrong: dict[str, Wrong], sizes: dict[str, int] | None = None, each: float = 0.001) -> Probe:
    """Probes that answer as `wrong` says, with so many parameters (and operations), in `each` seconds an example."""

    def probe(candidate: Candidate, drawn: Drawn, allowed: float) -> Probed:
        truth = torch.nn.functional.one_hot(drawn.encoded, 4).float()
        missed = torch.from_numpy(wrong[candidate.name](drawn.rows))
        outputs = torch.where(missed[:, None], truth.roll(1, dims=1), truth) * 4
        size = (sizes or {}).get(candidate.name, 1000)
        return Probed(outputs, outputs, size, size, each * len(drawn.rows), each, 0.0)

    return probe


def every(period: int, place: int = 0) -> Wrong:
    """Wrong about one in `period`."""
    return lambda rows: rows // 4 % period == place
