"""Aims at a whole mask: which class each place has, and how unsure that is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from headstart.explanations._aim import Aim
from headstart.tasks.base import Task

_LINES = 300
"""The shorter side of a picture is so many times as long as the lines on it are wide."""


class MaskAim(Aim):
    """A mask, with all its classes.

    Parameters
    ----------
    outputs : the raw outputs (1, C, h, w) that it was read from.

    Attributes
    ----------
    classes : (H, W) the class of each place. doubts : (H, W) the calibrated probability that it is another.
    """

    kind = "masks"
    reading = "the lighter the colour, the less sure a place is of its class; beside it the edges of the mask"

    def __init__(self, task: Task, calibration: Mapping[str, float], outputs: Tensor) -> None:
        self.task, self.calibration = task, calibration
        kept = self._kept(outputs)
        self.classes, self.doubts = kept[0, 0].long(), task.doubts(kept)[0]
        self.target = int(torch.bincount(self.classes.flatten()).argmax())
        self.name = f"mask, mostly {task.describe()['labels'][self.target]}"

    def _kept(self, outputs: Tensor) -> Tensor:
        return self.task.calibrated(self.task.kept(outputs.detach().cpu()), self.calibration)

    def evidence(self, outputs: Tensor) -> Tensor:
        """(N,) the mean output of its largest class; no slope says why a mask as a whole is what it is."""
        return outputs[:, self.target].mean((1, 2))

    def confidence(self, outputs: Tensor) -> Tensor:
        """(N,) how sure the places are of their classes, on average."""
        return 1 - self.task.doubts(self._kept(outputs)).double().mean((1, 2))

    @property
    def figure(self) -> str:
        return "confidence"

    @property
    def noun(self) -> str:
        return "how sure its places are"

    def outline(self, size: tuple[int, int]) -> np.ndarray:
        """Between places of different classes, on the side that comes first."""
        width, height = size
        whole = functional.interpolate(self.classes[None, None].float(), size=(height, width), mode="nearest")[0, 0]
        edges = torch.zeros(height, width)
        edges[:-1] = torch.maximum(edges[:-1], (whole[:-1] != whole[1:]).float())
        edges[:, :-1] = torch.maximum(edges[:, :-1], (whole[:, :-1] != whole[:, 1:]).float())
        line = max(1, round(min(size) / _LINES))
        wide = functional.max_pool2d(functional.pad(edges[None, None], (line - 1, 0, line - 1, 0)), line, stride=1)
        return (wide[0, 0] > 0).numpy()
