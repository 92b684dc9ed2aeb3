"""Solved heads kept for this fit and the next, so that no head is solved twice on the same examples."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from headstart.core.files import digest
from headstart.strategies._linear_head import Solution
from headstart.training.workbench import Workbench

SOLVER = "4"
"""To be changed with the solver: heads kept by another are then solved anew."""


def solved_before(bench: Workbench, name: str) -> Solution | None:
    """The head kept as `name`, or None."""
    content = bench.kept.read(name)
    try:
        kept = load(content) if content else {}
        scores = tuple(kept["scores"].tolist())
        return Solution(kept["weight"], kept["bias"], float(kept["strength"]), scores)
    except (SafetensorError, KeyError):  # none, or torn by a power cut
        return None


def keep(bench: Workbench, name: str, solution: Solution) -> None:
    """Keep `solution` where the disk takes it."""
    tensors = {"weight": solution.weight.contiguous(), "bias": solution.bias.contiguous()}
    tensors["scores"] = torch.tensor(solution.scores, dtype=torch.float64)
    tensors["strength"] = torch.tensor(solution.strength, dtype=torch.float64)
    bench.kept.keep(name, save(tensors))


def name_of(bench: Workbench, features: str, depths: Sequence[str]) -> str:
    """What the head on these features of the bench's training examples is kept as.

    A head is a function of the features and the targets, so its name is made of both.

    Parameters
    ----------
    features : a digest of what gives the features of an example. depths : what the head reads of them.
    """
    examples, task = bench.train.digest, bench.task.digest(bench.targets)
    found_by = "" if bench.compared is None else name_of(bench.compared, features, depths)
    return digest(SOLVER, features, *depths, "of", examples, task, str(bench.seed), found_by)
