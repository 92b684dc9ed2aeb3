"""How far a pretraining has come: on the disk whole or not at all, so that one that was killed goes on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor

from headstart.core.files import whole_folder
from headstart.model.state import owned
from headstart.pretraining import Learner

STATE, BEST, HEAD, OUTPUTS = "state.json", "best.safetensors", "best_head.safetensors", "outputs.safetensors"

BEFORE, TEACHER, AFTER = "before", "teacher", "after"
"""Whose outputs of the probe are kept: the student's at the beginning, its teacher's, the student's at its best."""


@dataclass
class Reached:
    """What is reached so far.

    Attributes
    ----------
    epoch : how many are done. losses : of each. looks : [epoch, watched figure] of each look at the probe.
    best_epoch : after which the probe was best. best : the student's state then, and ``best_head`` that of the head
        that is written beside it, empty where none is. outputs : of the probe, by name.
    stopped : why it ended, empty while it goes on. seconds : that it took.
    """

    epoch: int = 0
    losses: list[float] = field(default_factory=list)
    looks: list[tuple[int, float]] = field(default_factory=list)
    best_epoch: int = 0
    stopped: str = ""
    seconds: float = 0.0
    best: dict[str, Tensor] = field(default_factory=dict)
    best_head: dict[str, Tensor] = field(default_factory=dict)
    outputs: dict[str, Tensor] = field(default_factory=dict)

    def save(self, folder: Path, learner: Learner) -> None:
        """Write this, and what the next epoch starts from, in the place of what was in `folder`."""
        plain = {key: value for key, value in vars(self).items() if key not in ("best", "best_head", "outputs")}
        with whole_folder(folder) as made:
            learner.save(made)
            save_file(owned(self.best), made / BEST)
            save_file(owned(self.best_head), made / HEAD)
            save_file(owned(self.outputs), made / OUTPUTS)
            (made / STATE).write_text(json.dumps(plain), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, learner: Learner) -> Reached:
        """What :meth:`save` wrote; `learner` goes on from there."""
        learner.load(folder)
        plain = json.loads((folder / STATE).read_text(encoding="utf-8"))
        plain["looks"] = [(int(epoch), float(value)) for epoch, value in plain["looks"]]
        head = load_file(folder / HEAD) if (folder / HEAD).is_file() else {}  # earlier versions kept none
        return cls(**plain, best=load_file(folder / BEST), best_head=head, outputs=load_file(folder / OUTPUTS))
