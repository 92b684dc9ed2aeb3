"""Instances: any number of objects in a picture, each with a box, one of C classes, and a mask of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from headstart.core.boxes import Boxes
from headstart.core.errors import InputError
from headstart.core.outlines import outline_problem
from headstart.core.placement import Placement
from headstart.core.results import Figures
from headstart.tasks._resampling import to_array
from headstart.tasks.base import Predictions
from headstart.tasks.detection import Detection
from headstart.tasks.shapes import box_encoding, mask_grids
from headstart.tasks.shapes.box_encoding import FOUND_LABEL, HEIGHT, LABEL, WIDTH, order_of
from headstart.tasks.shapes.box_matching import Detected, Matched, Truth, match
from headstart.tasks.shapes.mask_grids import FOUND_CELLS, TRUE_CELLS, unpacked
from headstart.tasks.shapes.pixel_masks import Pixels, pasted

if TYPE_CHECKING:
    from headstart.core.detector import Detector
    from headstart.tasks.finding.finder import Finder

OF_BOXES = "box_"
"""What the figures of boxes alone begin with; those of masks have the plain names."""

MASKS = "masks"


class Instances(Detection):
    """Boxes of C classes with a mask each; what is right is judged by masks.

    Parameters are those of :class:`headstart.tasks.detection.Detection`.
    """

    name = "instances"
    noun = "masks of objects"
    plural = outlines = True
    higher_is_better: ClassVar[Mapping[str, bool]] = {
        **Detection.higher_is_better,
        **{f"{OF_BOXES}{name}": True for name in ("map", "map50", "map75")},
    }

    @classmethod
    def suits(cls, targets: Sequence[Any]) -> tuple[float, str]:
        score, why = Detection.suits(targets)
        if not score:
            return 0.0, why
        boxes = [box for target in targets for box in target if box.asked_for]
        outlined = sum(box.outline is not None for box in boxes)
        if outlined < len(boxes) or not boxes:
            return 0.0, f"{len(boxes) - outlined} of {len(boxes)} boxes have no outline"
        return 0.9, f"{why}, each with an outline"

    @classmethod
    def from_targets(cls, targets: Sequence[Any]) -> Instances:
        if not any(isinstance(target, Boxes) and any(box.outline for box in target) for target in targets):
            raise InputError(
                "Instances need outlines of objects: COCO JSON or YOLO text files with polygons, or images/ beside "
                "masks/ whose pixels are numbers of objects (SegmentationObject/ in Pascal VOC)."
            )
        return cls._of(Detection.from_targets(targets))

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> Instances:
        return cls._of(Detection.from_description(description))

    def starting_from(self, detector: Detector | None) -> Instances:
        return Instances(self.labels, self.counts, self._frame, self.slots, detector)

    @classmethod
    def _of(cls, made: Detection) -> Instances:
        return cls(made.labels, made.counts, made._frame, made.slots, made.detector)

    # -- learning -----------------------------------------------------------------------------------

    @property
    def outputs(self) -> int:
        """Columns of what is kept of an object."""
        return FOUND_LABEL + 1 + mask_grids.width_of(FOUND_CELLS)

    @cached_property
    def _finder(self) -> Finder:
        from headstart.tasks.finding.mask_finders import mask_finder_of

        return mask_finder_of(self.labels, self.frame, self.detector)

    def problem(self, target: Any) -> str | None:
        if (why := super().problem(target)) is not None:
            return why
        for place, box in enumerate(target, 1):
            if box.outline is None and not box.asked_for:
                continue  # of a crowd, or what is too hard: all of its box
            if what := outline_problem(box, target.size):
                return f"box {place} of {len(target)} ({box.label}): {what}"
        return None

    def encode(self, targets: Sequence[Any]) -> Tensor:
        """(N, M, 9 + 1046): boxes, and behind each its mask as :mod:`headstart.tasks.shapes.mask_grids` packs it."""
        boxes = super().encode(targets)
        return torch.cat([boxes, mask_grids.encode(self._known(targets), boxes.shape[1])], dim=2)

    def placed(self, encoded: Tensor, placements: Sequence[Placement]) -> Tensor:
        boxes, masks = encoded[..., : HEIGHT + 1], encoded[..., HEIGHT + 1 :]
        moved = mask_grids.placed(masks, boxes[..., :4], placements)
        return torch.cat([box_encoding.placed(boxes, placements), moved], dim=2)

    # -- judging ------------------------------------------------------------------------------------

    def metrics(self, outputs: Tensor, encoded: Tensor) -> Figures:
        """Of masks; and of the boxes alone, under names of their own."""
        found = super().metrics(outputs, encoded)
        boxes = self._of_boxes.metrics(*_boxes_of(outputs, encoded))
        known = {f"{OF_BOXES}{name}": figure for name, figure in boxes.items()}
        return found | {name: figure for name, figure in known.items() if name in self.higher_is_better}

    def measure(self, name: str, outputs: Tensor, encoded: Tensor, draws: np.ndarray) -> np.ndarray:
        if name in self.higher_is_better and name.startswith(OF_BOXES):
            return self._of_boxes.measure(name.removeprefix(OF_BOXES), *_boxes_of(outputs, encoded), draws)
        return super().measure(name, outputs, encoded, draws)

    @cached_property
    def _of_boxes(self) -> Detection:
        return Detection(self.labels, self.counts, self._frame, self.slots, self.detector)

    def _match(self, outputs: Tensor, encoded: Tensor) -> list[Matched]:
        own, asked = _boxes_of(outputs, encoded)
        found = box_encoding.detections(own, asked)
        truths = box_encoding.truths(asked)
        sizes = to_array(asked)[:, 0, [WIDTH, HEIGHT]].astype(int)
        for row, (width, height) in enumerate(sizes):
            size = (int(width), int(height))
            found[row] = _with_found(found[row], outputs[row], size)
            truths[row] = _with_marked(truths[row], encoded[row], size)
        return match(found, truths, len(self.labels))

    # -- showing --------------------------------------------------------------------------------------

    def decode_from(self, least: float, outputs: Tensor, calibration: Mapping[str, float]) -> Predictions:
        """As boxes are, and the ``masks`` of each picture's boxes: (28, 28) from 0 to 1 over the box."""
        said = super().decode_from(least, outputs, calibration)
        bent = self.calibrated(outputs, calibration)
        orders = [order_of(rows, least).tolist() for rows in to_array(bent)]
        told = [rows[order, FOUND_LABEL + 1 :] for rows, order in zip(bent, orders, strict=True)]
        return Predictions({**said.columns, MASKS: [unpacked(rows, FOUND_CELLS).cpu().numpy() for rows in told]})


def _boxes_of(outputs: Tensor, encoded: Tensor) -> tuple[Tensor, Tensor]:
    return outputs[..., : FOUND_LABEL + 1], encoded[..., : HEIGHT + 1]


def _with_found(found: Detected, rows: Tensor, size: tuple[int, int]) -> Detected:
    there = rows[rows[:, FOUND_LABEL] >= 0]
    return replace(found, masks=_pixels(there[:, FOUND_LABEL + 1 :], FOUND_CELLS, found.corners, size))


def _with_marked(truth: Truth, rows: Tensor, size: tuple[int, int]) -> Truth:
    there = rows[rows[:, LABEL] >= 0]
    return replace(truth, masks=_pixels(there[:, HEIGHT + 1 :], TRUE_CELLS, truth.corners, size))


def _pixels(masks: Tensor, cells: int, corners: np.ndarray, size: tuple[int, int]) -> list[Pixels]:
    grids = unpacked(masks, cells).double().cpu().numpy()
    return [pasted(grid, own, size) for grid, own in zip(grids, corners.tolist(), strict=True)]
