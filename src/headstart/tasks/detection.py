"""Detection: any number of boxes in a picture, each of one of C classes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from headstart.core.boxes import Boxes
from headstart.core.by_class import ByClass
from headstart.core.detector import Detector
from headstart.core.errors import InputError, UsageError, nearest
from headstart.core.maps import Map
from headstart.core.placement import Placement
from headstart.core.results import Figure, Figures
from headstart.core.statistics import bootstrap_draws, percentile_interval
from headstart.core.trade_offs import TradeOff
from headstart.tasks._resampling import identity, to_array
from headstart.tasks.base import MapHead, Predictions, Task
from headstart.tasks.figures import detection_figures
from headstart.tasks.shapes import box_encoding
from headstart.tasks.shapes.box_encoding import FOUND_LABEL, SCORE, order_of
from headstart.tasks.shapes.box_matching import Matched, match
from headstart.tasks.shapes.frames import frame_for_boxes
from headstart.tasks.shapes.recent_matches import RecentMatches

if TYPE_CHECKING:
    from headstart.tasks.finding.finder import Finder

NOTHING = "nothing"

SHOWN_FROM = 0.5
"""The calibrated score from which on a box is shown."""


class Detection(Task):
    """Boxes of C classes.

    Parameters
    ----------
    labels : C classes, in the order of the outputs.
    counts : C boxes of each to learn from.
    frame : (width, height) in pixels that pictures are brought to.
    slots : boxes that an encoded picture has room for at least.
    detector : the pretrained head that boxes are found with; None for a new one.
    """

    name = "detection"
    noun = "boxes"
    plural = True
    reads_maps = finds_boxes = True
    unit = summed_up = "object"
    higher_is_better: ClassVar[Mapping[str, bool]] = dict.fromkeys(detection_figures.FIGURES, True)

    def __init__(
        self,
        labels: Sequence[str],
        counts: Sequence[int],
        frame: tuple[int, int],
        slots: int,
        detector: Detector | None = None,
    ) -> None:
        self.labels, self.counts, self.slots = list(labels), list(counts), slots
        self.detector = detector
        self._frame = (int(frame[0]), int(frame[1]))
        self._places = {label: place for place, label in enumerate(self.labels)}
        self._recent = RecentMatches()

    @classmethod
    def suits(cls, targets: Sequence[Any]) -> tuple[float, str]:
        if not targets or not all(isinstance(target, Boxes) for target in targets):
            return 0.0, "the targets are no boxes"
        boxes = [box for target in targets for box in target]
        classes = {box.label for box in boxes}
        outlined = boxes and all(box.outline for box in boxes if box.asked_for)
        more = " (each has an outline: --task instances gives masks too)" if outlined else ""
        return 1.0, f"boxes of {len(classes)} {'class' if len(classes) == 1 else 'classes'} found{more}"

    @classmethod
    def from_targets(cls, targets: Sequence[Any]) -> Detection:
        if not cls.suits(targets)[0]:
            formats = "COCO JSON, Pascal VOC XML or YOLO text files beside its pictures"
            raise InputError(f"Detection needs boxes: a folder with {formats}.")
        counts = Counter(box.label for target in targets for box in target if box.asked_for)
        if not counts:
            raise InputError(f"None of the {len(targets)} pictures to learn from holds a box.")
        labels, frame = sorted(counts), frame_for_boxes([target.size for target in targets])
        return cls(labels, [counts[label] for label in labels], frame, max(map(len, targets)))

    def describe(self) -> dict[str, Any]:
        own = {"labels": self.labels, "counts": self.counts, "frame": list(self._frame), "slots": self.slots}
        start = {"detector": self.detector.describe()} if self.detector else {}
        return {"name": self.name, **own, **start}

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> Detection:
        width, height = description["frame"]
        start = description.get("detector")
        detector = Detector.from_description(start) if start else None
        return cls(description["labels"], description["counts"], (width, height), description["slots"], detector)

    def starting_from(self, detector: Detector | None) -> Detection:
        own = detector.of_boxes() if detector else None
        return Detection(self.labels, self.counts, self._frame, self.slots, own)

    def framed(self, targets: Sequence[Any], side: int | None, device: str) -> Detection:
        frame = frame_for_boxes([target.size for target in targets], side, device)
        return type(self)(self.labels, self.counts, frame, self.slots, self.detector)

    # -- learning -----------------------------------------------------------------------------------

    @property
    def outputs(self) -> int:
        """Columns of what is kept of a detection."""
        return FOUND_LABEL + 1

    @property
    def frame(self) -> tuple[int, int]:
        """That of the detector where it takes one size alone."""
        return (self.detector and self.detector.frame) or self._frame

    @cached_property
    def _finder(self) -> Finder:
        from headstart.tasks.finding.finders import finder_of

        return finder_of(self.labels, self.frame, self.detector)

    def map_head(self, offered: Sequence[Map]) -> MapHead:
        """That of the pretrained detector, with its predictor for these classes; else a new one on `offered`."""
        return self._finder.head(offered)

    def problem(self, target: Any) -> str | None:
        if not isinstance(target, Boxes):
            return "there are no boxes"
        unknown = next((box.label for box in target if box.asked_for and box.label not in self._places), None)
        if unknown is None:
            return None
        known = f"the class {unknown!r} was not among the {len(self.labels)} of training"
        return f"{known}.{nearest(unknown, self._places)}"

    def encode(self, targets: Sequence[Any]) -> Tensor:
        """(N, M, 9), see :mod:`headstart.tasks.shapes.box_encoding`; ``InputError`` when a class is unknown.

        Boxes that nobody is asked for, of a class that is none of the outputs, are left out.
        """
        if problems := [found for found in map(self.problem, targets) if found]:
            raise InputError(f"{len(problems)} of {len(targets)} targets cannot be used: {problems[0]}")
        return box_encoding.encode(self._known(targets), self._places, self.slots)

    def _known(self, targets: Sequence[Boxes]) -> list[Boxes]:
        """The targets without boxes of unknown classes."""
        return [replace(one, marked=tuple(box for box in one if box.label in self._places)) for one in targets]

    def placed(self, encoded: Tensor, placements: Sequence[Placement]) -> Tensor:
        return box_encoding.placed(encoded, placements)

    def kept(self, outputs: Tensor) -> Tensor:
        """Raw outputs (N, P, …) → the surest boxes (N, K, 6)."""
        return self._finder.kept(outputs)

    def loss(self, outputs: Tensor, encoded: Tensor, weights: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
        """Of raw outputs, as the way of finding has it. Linear in the weights, and not convex."""
        return self._finder.loss(outputs, encoded, weights, smoothing)

    def strata(self, targets: Sequence[Any]) -> list[str]:
        """Which of its classes is the rarest in each picture; of one class alone, whether it is there."""
        counts = dict(zip(self.labels, self.counts, strict=True))
        held = [{box.label for box in target if box.asked_for or box.label in counts} for target in targets]
        rarest = [min(own, key=lambda label: (counts.get(label, 0), label), default="") for own in held]
        rank = " the rarest" if len(self.labels) > 1 else ""
        return [f"{label}{rank}" if label else NOTHING for label in rarest]

    # -- judging ------------------------------------------------------------------------------------

    @property
    def watched(self) -> str:
        return "map"

    def metrics(self, outputs: Tensor, encoded: Tensor) -> Figures:
        """Of kept outputs; figures of sizes that no box has are left out."""
        matched, n = self._matched(outputs, encoded), len(encoded)
        centres = detection_figures.values(matched, n)
        draws = bootstrap_draws(n)
        found: Figures = {}
        for name, centre in centres.items():
            spread = detection_figures.measure(name, matched, draws)
            found[name] = percentile_interval(spread[~np.isnan(spread)], centre)
        return {"map": Figure(math.nan, math.nan, math.nan), **found}

    def measure(self, name: str, outputs: Tensor, encoded: Tensor, draws: np.ndarray) -> np.ndarray:
        if name not in self.higher_is_better:
            known = list(self.higher_is_better)
            raise UsageError(f"{self.name} has no figure {name!r}.{nearest(name, known)} It has {known}.")
        return np.nan_to_num(detection_figures.measure(name, self._matched(outputs, encoded), draws))

    def mistakes(self, outputs: Tensor, encoded: Tensor) -> np.ndarray:
        """The score of the surest false alarm, above one half; else half the share of the boxes that are missed."""
        matched = self._matched(outputs, encoded)
        worst, missed, asked = np.zeros(len(encoded)), np.zeros(len(encoded)), np.zeros(len(encoded))
        for one in matched:
            for picture, _, score in detection_figures.false_alarms(one, 0.5):
                worst[picture] = max(worst[picture], score)
            seen = one.hits[0, 0] & (one.scores >= 0.5)
            asked += one.positives[0]
            missed += one.positives[0] - np.bincount(one.pictures[seen], minlength=len(encoded))
        return np.asarray(np.where(worst > 0, worst, 0.5 * missed / np.maximum(asked, 1)))

    def per_label(self, outputs: Tensor, encoded: Tensor) -> list[dict[str, Any]]:
        """Boxes, those found and missed, false alarms, and average precision of each class."""
        rows = []
        for label, one in zip(self.labels, self._matched(outputs, encoded), strict=True):
            count, everyone = detection_figures.tally(one, 0.5), identity(len(encoded))
            precise = {
                name: float(detection_figures.average_precision(one, figure, everyone)[0])
                for name, figure in detection_figures.OF_CLASS.items()
            }
            own = {"objects": int(one.positives[0].sum()), "found": count.found, "missed": count.missed}
            rows.append({"label": label, **own, "false_alarms": count.alarms, **precise})
        return rows

    def trade_offs(self, outputs: Tensor, encoded: Tensor) -> list[TradeOff]:
        """At the least overlap."""
        matched = self._matched(outputs, encoded)
        return [detection_figures.trade_off(label, one) for label, one in zip(self.labels, matched, strict=True)]

    def by_class(self, outputs: Tensor, encoded: Tensor, calibration: Mapping[str, float]) -> ByClass:
        """Average precision of each class of which there are boxes."""
        return detection_figures.figures_by_class(self._matched(outputs, encoded), self.labels, len(encoded))

    def _matched(self, outputs: Tensor, encoded: Tensor) -> list[Matched]:
        return self._recent.of(outputs, encoded, self._match)

    def _match(self, outputs: Tensor, encoded: Tensor) -> list[Matched]:
        found, truths = box_encoding.detections(outputs, encoded), box_encoding.truths(encoded)
        return match(found, truths, len(self.labels))

    # -- calibrating and showing ---------------------------------------------------------------------

    def calibrate(self, outputs: Tensor, encoded: Tensor) -> dict[str, float]:
        """``threshold``: the score from which on a box is shown, by F1."""
        return {"threshold": detection_figures.best_threshold(self._matched(outputs, encoded))}

    def calibrated(self, outputs: Tensor, calibration: Mapping[str, float]) -> Tensor:
        """Scores bent so that a box is shown from one half on; their order stays."""
        bent = outputs.double().clone()
        bent[..., SCORE] = self._bent(bent[..., SCORE], calibration)
        return bent

    def _bent(self, scores: Tensor, calibration: Mapping[str, float]) -> Tensor:
        threshold = min(max(calibration.get("threshold", 0.5), 1e-6), 1 - 1e-6)
        above = 0.5 + 0.5 * (scores - threshold) / (1 - threshold)
        return torch.where(scores < threshold, 0.5 * scores / threshold, above)

    def decode(self, outputs: Tensor, calibration: Mapping[str, float]) -> Predictions:
        """``label`` counts the boxes by class, ``boxes`` are they: class, score, edges as shares of the picture.

        There is no ``probability`` of a picture.
        """
        return self.decode_from(SHOWN_FROM, outputs, calibration)

    def decode_from(self, least: float, outputs: Tensor, calibration: Mapping[str, float]) -> Predictions:
        shown = [self._told(rows, least) for rows in to_array(self.calibrated(outputs, calibration))]
        counts = [Counter(box["label"] for box in boxes) for boxes in shown]
        said = [", ".join(f"{n} × {label}" for label, n in sorted(count.items())) or NOTHING for count in counts]
        return Predictions({"label": said, "boxes": shown})

    def claims(
        self, outputs: Tensor, label: int, edges: Sequence[float], calibration: Mapping[str, float]
    ) -> tuple[Tensor, Tensor]:
        said = self._finder.claims(outputs, label)
        return said.log_odds, box_encoding.overlap(said.edges.clamp(0, 1), edges) * self._bent(
            said.scores, calibration
        )

    def _told(self, rows: np.ndarray, least: float) -> list[dict[str, Any]]:
        return [
            {
                "label": self.labels[int(row[FOUND_LABEL])],
                "score": round(float(row[SCORE]), 4),
                "edges": [round(float(edge), 5) for edge in row[:4]],
            }
            for row in rows[order_of(rows, least)]
        ]

    def summary(self, targets: Sequence[Any]) -> list[tuple[str, int]]:
        """How many boxes there are of each class."""
        return Counter(box.label for target in targets for box in target).most_common()
