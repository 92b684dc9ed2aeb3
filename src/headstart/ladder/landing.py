"""Finished rungs on disk, so that a killed fit does not climb them again."""

from __future__ import annotations

import copy
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor

from headstart.core.files import whole_folder
from headstart.core.results import RungResult, figures
from headstart.model.heads import described, rebuilt
from headstart.model.network import Network
from headstart.model.state import owned
from headstart.tasks.base import Task


@dataclass
class Landing:
    """A finished rung: its network, its outputs on the held-out examples (N, C), its result, and its start.

    ``start`` is the index of the landing it continued from, or None.
    """

    network: Network
    outputs: Tensor
    result: RungResult
    best_epochs: int
    start: int | None


def save_landing(folder: Path, landing: Landing) -> None:
    """Write `landing` to `folder`, whole or not at all."""
    meta = {
        "result": asdict(landing.result),
        "best_epochs": landing.best_epochs,
        "start": landing.start,
        "depths": list(landing.network.depths),
        "head": described(landing.network.head, landing.network.head_features),
    }
    with whole_folder(folder) as temporary:
        save_file(owned(landing.network.state_dict()), temporary / "network.safetensors")
        save_file({"outputs": landing.outputs.contiguous()}, temporary / "outputs.safetensors")
        (temporary / "landing.json").write_text(json.dumps(meta), encoding="utf-8")


def load_landing(folder: Path, start: Network, task: Task) -> Landing | None:
    """The landing in `folder`, its architecture taken from `start`; None when it was never finished."""
    if not (folder / "landing.json").exists():
        return None
    meta = json.loads((folder / "landing.json").read_text(encoding="utf-8"))
    state = load_file(folder / "network.safetensors")
    network = Network(copy.deepcopy(start.backbone), rebuilt(meta["head"], task), meta["depths"])
    network.load_state_dict(state)
    network.head_is_new = False
    result = RungResult(**{**meta["result"], "validation": figures(meta["result"]["validation"])})
    outputs = load_file(folder / "outputs.safetensors")["outputs"]
    return Landing(network.eval(), outputs, result, meta["best_epochs"], meta["start"])
