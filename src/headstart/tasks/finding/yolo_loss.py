"""The loss of ultralytics' YOLO, picture by picture, so that pictures may weigh and crowds are spared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.ops import box_convert

from headstart.core.agpl_package import part_of_ultralytics
from headstart.tasks.finding.anchored import Asked

EXTRA = 4
"""Columns of the raw outputs behind those of 4 · B bins and of C classes: the place as shares of the frame, its
stride in pixels, and which branch says it."""

IN_USE, ONLY_IN_TRAINING = 0, 1
"""Branches."""


class Read:
    """Raw outputs (N, P, 4 · B + C + 4) of one branch by what they say, in pixels of the frame (width, height).

    ``bins`` (N, P, 4 · B), ``logits`` (N, P, C), ``places`` (P, 2), ``strides`` (P, 1).
    """

    def __init__(self, outputs: Tensor, frame: tuple[int, int], bins: int) -> None:
        self.bins, self.logits = outputs[..., : 4 * bins], outputs[..., 4 * bins : -EXTRA]
        self.frame, self.size = frame, outputs.new_tensor(frame)
        self.places, self.strides = outputs[0, :, -EXTRA:-2] * self.size, outputs[0, :, -2:-1]

    def edges(self) -> Tensor:
        """(N, P, 4) the edges of the boxes: each lies as many strides away as its bins say on average."""
        away = self.bins.unflatten(-1, (4, -1))
        steps = torch.arange(away.shape[-1], device=away.device, dtype=away.dtype)
        away = ((away.softmax(-1) * steps).sum(-1) if len(steps) > 1 else away[..., 0]) * self.strides
        return torch.cat([self.places - away[..., :2], self.places + away[..., 2:]], dim=-1)


class _Heeded:
    """Cross-entropy (1, P, C) of the places that count; remembers how well boxes are found in all.

    Parameters
    ----------
    spared : (P,) places in what is neither right nor wrong.
    """

    def __init__(self, spared: Tensor, smoothing: float) -> None:
        self.spared, self.smoothing = spared, smoothing
        self.found = 0.0

    def __call__(self, logits: Tensor, target: Tensor) -> Tensor:
        """`target` holds at the places that find a box how well they do, in the column of its class."""
        self.found = float(target.sum())
        heeded = ~self.spared | (target > 0).any(dim=2)
        wanted = target * (1 - self.smoothing)
        each = nn.functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
        return each * heeded[..., None]


class Criterion:
    """The package's loss of one branch, for pictures one by one.

    Parameters
    ----------
    classes, bins : C and B. strides : of the levels, from fine to coarse.
    paired : whether each box is to be found by one place.
    """

    def __init__(self, classes: int, bins: int, strides: Sequence[int], paired: bool, smoothing: float) -> None:
        self.strides, self.paired, self.smoothing = list(strides), paired, smoothing
        head = SimpleNamespace(nc=classes, reg_max=bins, stride=torch.tensor([float(each) for each in strides]))
        self._model = _Seen(head)

    def of_one(self, read: Read, row: int, boxes: Tensor) -> tuple[Tensor, float]:
        """Of the picture at `row`, whose encoded boxes are (M, 9): its summed loss, and how well boxes are found.

        That is what the package divides a batch by, where it is more than 1.
        """
        half = read.strides / 2
        asked = Asked(boxes, torch.cat([read.places - half, read.places + half], dim=1), read.size)
        criterion, heeded = self._loss(read.places.device), _Heeded(asked.spared, self.smoothing)
        criterion.bce = heeded
        said = {"boxes": read.bins[row][None].transpose(1, 2), "scores": read.logits[row][None].transpose(1, 2)}
        loss, _ = criterion.loss({**said, "feats": self._grids(read)}, _batch(asked, read.size))
        return loss.sum() * max(heeded.found, 1.0), heeded.found

    def _loss(self, device: torch.device) -> Any:
        losses = part_of_ultralytics("utils.loss")
        model = self._model.on(device)
        return losses.E2ELoss(model).one2one if self.paired else losses.v8DetectionLoss(model)

    def _grids(self, read: Read) -> list[Tensor]:
        """Levels of nothing: the package asks them how many places they have."""
        width, height = read.frame
        return [read.logits.new_zeros(1, 0, height // each, width // each) for each in self.strides]


class _Seen:
    """What the package's losses ask of a network: its head, what the parts of the loss weigh, and where it lies."""

    def __init__(self, head: SimpleNamespace) -> None:
        self.model, self.args = [head], part_of_ultralytics("utils").DEFAULT_CFG
        self._where = torch.empty(0)

    def on(self, device: torch.device) -> _Seen:
        """The same on `device`."""
        self.model[0].stride, self._where = self.model[0].stride.to(device), self._where.to(device)
        return self

    def parameters(self) -> Iterator[Tensor]:
        """One, of which the device is asked."""
        return iter([self._where])


def _batch(asked: Asked, size: Tensor) -> dict[str, Tensor]:
    """What is asked for in one picture, as the package takes a batch."""
    boxes = box_convert(asked.corners / size.repeat(2), "xyxy", "cxcywh")
    return {"batch_idx": torch.zeros_like(boxes[:, 0]), "cls": asked.labels.to(boxes), "bboxes": boxes}
