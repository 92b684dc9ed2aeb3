"""Finished rungs on disk, so that a killed fit does not climb them again."""

from __future__ import annotations

import copy
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from headstart.core.files import whole_folder
from headstart.core.results import RungResult, figures
from headstart.frozen._weights_digest import weights_digest
from headstart.model.heads import described, rebuilt
from headstart.model.network import Network
from headstart.model.state import owned
from headstart.tasks.base import Task


@dataclass
class Landing:
    """A finished rung: its network, its outputs on the held-out examples (N, C), its result, and its start.

    ``start`` is the index of the landing it continued from, or None. ``tuned`` says that its backbone is no longer as
    it was loaded, so that nobody will ask for its activations again. ``choosing`` are those of its seconds that went
    to ways to train which were not taken. ``planned`` are the epochs that it was to train for.
    """

    network: Network
    outputs: Tensor
    result: RungResult
    best_epochs: int
    start: int | None
    tuned: bool = False
    choosing: float = 0.0
    planned: int = 0

    @property
    def training_seconds(self) -> float:
        """What training it took, without what was tried beside it; 0 where nothing was trained."""
        return self.result.seconds - self.choosing if self.result.curve else 0.0


def save_landing(folder: Path, landing: Landing, start: Network) -> None:
    """Write `landing` to `folder`, whole or not at all: of its network what is other than in `start`.

    A head on a frozen backbone, which most rungs of a short fit are, is a thousandth of the network.
    """
    meta = {
        "backbone": weights_digest(start.backbone.state_dict()),
        "result": asdict(landing.result),
        "best_epochs": landing.best_epochs,
        "start": landing.start,
        "tuned": landing.tuned,
        "choosing": landing.choosing,
        "planned": landing.planned,
        "depths": list(landing.network.depths),
        "head": described(landing.network.head, landing.network.head_features),
    }
    with whole_folder(folder) as temporary:
        save_file(owned(_moved(landing.network, start)), temporary / "network.safetensors")
        save_file({"outputs": landing.outputs.contiguous()}, temporary / "outputs.safetensors")
        (temporary / "landing.json").write_text(json.dumps(meta), encoding="utf-8")


def load_landing(folder: Path, start: Network, task: Task) -> Landing | None:
    """The landing in `folder`, its architecture and what it left as it was taken from `start`.

    None when it was never finished, or went on from another backbone than that of `start`.
    """
    if not (folder / "landing.json").exists():
        return None
    meta = json.loads((folder / "landing.json").read_text(encoding="utf-8"))
    if meta.get("backbone") != weights_digest(start.backbone.state_dict()):
        return None
    network = Network(copy.deepcopy(start.backbone), rebuilt(meta["head"], task), meta["depths"])
    network.load_state_dict({**network.state_dict(), **load_file(folder / "network.safetensors")})
    network.head_is_new = False
    result = RungResult(**{**meta["result"], "validation": figures(meta["result"]["validation"])})
    outputs = load_file(folder / "outputs.safetensors")["outputs"]
    return Landing(
        network.eval(),
        outputs,
        result,
        meta["best_epochs"],
        meta["start"],
        meta.get("tuned", bool(result.curve)),
        meta.get("choosing", 0.0),
        meta.get("planned", len(result.curve)),
    )


def _moved(network: Network, start: Network) -> dict[str, Tensor]:
    """The head, and what of the backbone differs in any bit."""
    before = {f"backbone.{name}": value for name, value in start.backbone.state_dict().items()}
    return {
        name: value
        for name, value in network.state_dict().items()
        if name not in before or not _same_bits(value, before[name])
    }


def _same_bits(value: Tensor, before: Tensor) -> bool:
    if value.dtype != before.dtype or value.shape != before.shape:
        return False
    bits, bits_before = (t.detach().cpu().contiguous().flatten().view(torch.uint8) for t in (value, before))
    return torch.equal(bits, bits_before)
