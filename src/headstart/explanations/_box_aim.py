"""Aims at one box that was found in a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from headstart.explanations._aim import Aim
from headstart.tasks.base import Task

MOST = 5
"""Boxes of one picture that are explained: the surest."""

_LINES = 150
"""The shorter side of a picture is so many times as long as the lines on it are wide."""


class BoxAim(Aim):
    """A box, by the place of a map that found it.

    Parameters
    ----------
    box : with ``label``, ``score`` and ``edges`` as shares of the picture, as the task decodes it.
    outputs : the raw outputs (1, P, …) that it was found in.
    """

    kind = "boxes"
    reading = f"the lighter the colour, the more a place speaks for the outlined box, one of the {MOST} surest"

    def __init__(self, task: Task, calibration: Mapping[str, float], box: Mapping[str, Any], outputs: Tensor) -> None:
        self.task, self.calibration, self.box = task, calibration, box
        self.name = str(box["label"])
        self.target = list(task.describe()["labels"]).index(box["label"])
        self.place = int(self._claims(outputs)[1][0].argmax())

    def _claims(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        return self.task.claims(outputs, self.target, self.box["edges"], self.calibration)

    def evidence(self, outputs: Tensor) -> Tensor:
        """(N,) the log-odds of its class at the place that found it."""
        return self._claims(outputs)[0][:, self.place]

    def confidence(self, outputs: Tensor) -> Tensor:
        """(N,) the most over all places of overlap · score of the class, so that a box that moved a little stays.

        The similarity of Petsiuk et al. 2021, "Black-box explanation of object detectors via saliency maps"
        (D-RISE, arXiv:2006.03204), without the classes that are not its own.
        """
        return self._claims(outputs.detach())[1].amax(dim=1).double().cpu()

    @property
    def figure(self) -> str:
        return "score"

    @property
    def noun(self) -> str:
        return f"the score of this {self.name!r}"

    def inside(self, height: int, width: int) -> Tensor:
        """(H, W) booleans: the places of a map over the whole picture whose middle lies in the box."""
        left, top, right, bottom = self.box["edges"]
        y, x = (torch.arange(height) + 0.5) / height, (torch.arange(width) + 0.5) / width
        return ((y >= top) & (y <= bottom))[:, None] & ((x >= left) & (x <= right))[None]

    def outline(self, size: tuple[int, int]) -> np.ndarray:
        width, height = size
        line = max(1, round(min(size) / _LINES))
        left, top, right, bottom = (round(e * side) for e, side in zip(self.box["edges"], size * 2, strict=True))
        drawn = np.zeros((height, width), bool)
        drawn[top : max(bottom, top + 1), left : max(right, left + 1)] = True
        drawn[top + line : bottom - line, left + line : right - line] = False
        return drawn

    def told(self) -> dict[str, Any]:
        return {"edges": list(self.box["edges"])}
