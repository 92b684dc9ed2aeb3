"""Solved heads kept beside the checkpoints, so that no head is solved twice within one fit, nor after a kill."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save

from headstart.core.files import digest, write_whole
from headstart.strategies._linear_head import Solution
from headstart.training.workbench import Workbench


def solved_before(path: Path) -> Solution | None:
    """The head kept at `path`, or None."""
    if not path.exists():
        return None
    kept = load_file(path)
    scores = tuple(kept["scores"].tolist())
    return Solution(kept["weight"], kept["bias"], float(kept["strength"]), scores)


def keep(path: Path, solution: Solution) -> None:
    """Write `solution` to `path`, whole or not at all.

    Raises
    ------
    HeadstartError : the disk is full or not writable.
    """
    tensors = {"weight": solution.weight.contiguous(), "bias": solution.bias.contiguous()}
    tensors["scores"] = torch.tensor(solution.scores, dtype=torch.float64)
    tensors["strength"] = torch.tensor(solution.strength, dtype=torch.float64)
    write_whole(path, save(tensors))


def place(bench: Workbench, features: str, depths: Sequence[str]) -> Path:
    """Where the head on these features of the bench's training examples lies, if it was solved.

    A head is a function of the features and the targets, so its name is made of both.

    Parameters
    ----------
    features : a digest of what gives the features of an example. depths : what the head reads of them.
    """
    task = json.dumps(bench.task.describe(), sort_keys=True, default=str)
    targets = bench.targets.detach().cpu().contiguous().numpy().tobytes()
    examples = digest(*bench.train.keys)
    name = digest(features, *depths, "of", examples, targets, task, str(bench.seed))
    return bench.folder / "heads" / f"{name}.safetensors"
