"""A pretrained YOLO of ultralytics goes on: its head on the levels of its trunk, taught by the package's own loss.

Every place of every level says for each class whether a box of it lies here, and how its distance to each edge is
distributed over some strides (Li et al. 2020, arXiv:2006.04388); from YOLO26 on, the distance itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from headstart.core.agpl_package import part_of_ultralytics
from headstart.core.detector import Detector
from headstart.core.errors import UsageError
from headstart.core.maps import Map
from headstart.tasks._map_head import MapHead
from headstart.tasks.finding.finder import Claims, PretrainedFinder, by_finders
from headstart.tasks.finding.kept_rows import hold_normalisation, taught_state
from headstart.tasks.finding.surest import surest
from headstart.tasks.finding.yolo_loss import IN_USE, ONLY_IN_TRAINING, Criterion, Read

KINDS = ("Detect", "v10Detect")
"""Names of the package's classes that a head may be of."""

PREDICTORS = (r"detect\.(?:one2one_)?cv3\.\d+\.2",)
"""Where the columns of the classes are."""

APART = 1.0
"""The overlap of boxes of which none is too much: no two places of a branch of pairs say the same."""


class YoloHead(MapHead):
    """Levels → raw outputs (N, P, 4 · B + C + 4), see :mod:`headstart.tasks.finding.yolo_loss`.

    A head with a branch of pairs (YOLOv10, YOLO26), where one place finds each box, answers by that branch. In
    training what the other branch says follows, (N, 2 · P, …), and the first learns on levels that it does not teach.

    Parameters
    ----------
    detector : its settings say which of the package's heads it is, and for how many classes it was made.
    """

    def __init__(self, detector: Detector, labels: Sequence[str], frame: tuple[int, int]) -> None:
        super().__init__(detector.maps)
        self.frame, self.fastest = frame, _usual_rate(len(labels))
        self.detect = _detect(detector, len(labels))
        if detector.weights is not None:
            self.load_state_dict(taught_state(detector.weights, detector, labels, PREDICTORS))

    def train(self, mode: bool = True) -> YoloHead:
        """Normalisation keeps the statistics of its pretraining."""
        super().train(mode)
        hold_normalisation(self)
        return self

    def forward(self, maps: dict[str, Tensor]) -> Tensor:
        levels = [maps[each.name] for each in self.maps]
        if not hasattr(self.detect, "one2one_cv2"):
            return self._rows(levels, self.detect.one2many, IN_USE)
        if not self.training:
            return self._rows(levels, self.detect.one2one, IN_USE)
        apart = self._rows([level.detach() for level in levels], self.detect.one2one, IN_USE)
        return torch.cat([apart, self._rows(levels, self.detect.one2many, ONLY_IN_TRAINING)], dim=1)

    def _rows(self, levels: list[Tensor], branch: dict[str, nn.Module], kind: int) -> Tensor:
        said = self.detect.forward_head(levels, **branch)
        places = [self._places(level, each.stride) for level, each in zip(levels, self.maps, strict=True)]
        columns = nn.functional.pad(torch.cat(places), (0, 1), value=kind).expand(levels[0].shape[0], -1, -1)
        return torch.cat([said["boxes"].transpose(1, 2), said["scores"].transpose(1, 2), columns], dim=2)

    def _places(self, level: Tensor, stride: int) -> Tensor:
        """(h · w, 3): the middle of each place of a level (N, C, h, w), as shares of the frame, and its stride."""
        (height, width), (wide, high) = level.shape[2:], self.frame
        y, x = torch.meshgrid(
            (torch.arange(height, device=level.device) + 0.5) * stride / high,
            (torch.arange(width, device=level.device) + 0.5) * stride / wide,
            indexing="ij",
        )
        return torch.stack([x, y, torch.full_like(x, stride)], dim=2).reshape(-1, 3)


def _usual_rate(classes: int) -> float:
    """AdamW's, as the package chooses it for short courses."""
    return 0.002 * 5 / (4 + classes)


def _detect(detector: Detector, classes: int) -> Any:
    """The package's head with random weights: as wide as it was pretrained, with columns for `classes`."""
    made, maps = detector.settings, detector.maps
    if made["kind"] not in KINDS:
        raise UsageError(f"Heads of the kind {made['kind']!r} are not known; {', '.join(KINDS)} are.")
    whole = getattr(part_of_ultralytics("nn.modules.head"), made["kind"])
    # Whether class layers are plain is an attribute of the type, which the package changes as it builds others.
    own = type(whole.__name__, (whole,), {"legacy": made["plain"]})
    further = {"reg_max": made["bins"], "end2end": made["pairs"]} if whole.__name__ == KINDS[0] else {}
    head: Any = own(nc=made["classes"], ch=[each.channels for each in maps], **further)
    for branches in (head.cv3, *([head.one2one_cv3] if made["pairs"] else [])):
        for branch in branches:
            branch[-1] = nn.Conv2d(branch[-1].in_channels, classes, 1)
    head.nc, head.no, head.dfl = classes, classes + 4 * head.reg_max, nn.Identity()  # bins are added up in `Read`
    head.stride = torch.tensor([float(each.stride) for each in maps])
    head.bias_init()
    part_of_ultralytics("utils.torch_utils").initialize_weights(head)
    return head


class YoloFinder(PretrainedFinder):
    """Cross-entropy of the classes, CIoU of the boxes and the loss of their distances, at places that suit them best.

    Which do is told by class and overlap together (task-aligned, Feng et al. 2021, arXiv:2108.07755).
    """

    def head(self, offered: Sequence[Map]) -> MapHead:
        return YoloHead(self.detector, self.labels, self.frame)

    def _read(self, outputs: Tensor) -> Read:
        in_use = outputs[:, outputs[0, :, -1] == IN_USE]
        return Read(in_use, self.frame, self.detector.settings["bins"])

    def loss(self, outputs: Tensor, encoded: Tensor, weights: Tensor | None, smoothing: float) -> Tensor:
        """The sum of that of each branch: they share no weights but the trunk's, which one of them alone teaches."""
        made, outputs, boxes = self.detector.settings, outputs.float(), encoded.to(outputs.device)
        total = outputs.new_zeros(())
        for kind in outputs[0, :, -1].unique().tolist():
            rows = outputs[:, outputs[0, :, -1] == kind]
            strides = [each.stride for each in self.detector.maps]
            criterion = Criterion(
                len(self.labels), made["bins"], strides, made["pairs"] and kind == IN_USE, smoothing
            )
            read = Read(rows, self.frame, made["bins"])
            total = total + by_finders((criterion.of_one(read, row, own) for row, own in enumerate(boxes)), weights)
        return total

    def kept(self, outputs: Tensor) -> Tensor:
        read = self._read(outputs.float())
        overlap = APART if self.detector.settings["pairs"] else float(part_of_ultralytics("utils").DEFAULT_CFG.iou)
        return surest(read.logits.sigmoid(), read.edges(), read.size, overlap)

    def claims(self, outputs: Tensor, label: int) -> Claims:
        read = self._read(outputs)
        log_odds = read.logits[..., label]
        return Claims(log_odds, log_odds.sigmoid(), read.edges() / read.size.repeat(2))
