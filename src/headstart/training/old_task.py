"""What a backbone could do before it is trained for something else: an old task, and what of it may be lost."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor, nn

from headstart.backbones.base import Backbone
from headstart.core.results import Figure
from headstart.core.statistics import change_of_right, wilson
from headstart.frozen.inputs import Inputs
from headstart.model.network import Network
from headstart.tasks.base import Task

if TYPE_CHECKING:
    from headstart.training.workbench import Workbench


@dataclass(frozen=True)
class OldTask:
    """Old examples, and the head that has read them so far.

    Attributes
    ----------
    task, head, depths : of the model that the backbone is from; its head is not trained any more.
    inputs, encoded : N old examples that judge it, and their targets.
    bound : the share of them that may be lost at most; None for any.
    unseen : whether the old model had not learnt from them.
    """

    task: Task
    head: nn.Module
    depths: Sequence[str]
    inputs: Inputs
    encoded: Tensor
    bound: float | None
    unseen: bool
    _before: list[np.ndarray] = field(default_factory=list)

    def lost(self, backbone: Backbone, bench: Workbench) -> Figure:
        """The share of the old examples that is right no more through `backbone`, with its paired interval."""
        value, low, high = change_of_right(self.before(bench), self.right(backbone, bench), bench.seed)
        return Figure(-value, -high, -low)

    def allows(self, lost: Figure) -> bool:
        """Whether no more is lost than may be, as far as the high end of the interval."""
        return self.bound is None or lost.high <= self.bound

    def before(self, bench: Workbench) -> np.ndarray:
        """(N,) 1 where the pretrained backbone is right, else 0; found once.

        Raises
        ------
        ValueError : the bench knows no pretrained backbone.
        """
        if bench.pretrained is None:
            raise ValueError("an old task belongs to a pretrained backbone, and this bench has none")
        if not self._before:
            self._before.append(self.right(bench.pretrained, bench, keep=True))
        return self._before[0]

    def right(self, backbone: Backbone, bench: Workbench, keep: bool = False) -> np.ndarray:
        """(N,) 1 where the old head on the features of `backbone` is right, else 0; `keep` stores the features."""
        network = Network(copy.deepcopy(backbone), copy.deepcopy(self.head), self.depths).to(bench.device)
        outputs = replace(bench, task=self.task).outputs(network, self.inputs, keep)
        return (self.task.mistakes(outputs, self.encoded) == 0).astype(float)

    @staticmethod
    def share(right: np.ndarray) -> Figure:
        """The share that is right, with its interval."""
        return wilson(float(right.sum()), len(right))
