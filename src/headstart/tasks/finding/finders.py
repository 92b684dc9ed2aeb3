"""Which way of finding boxes goes with which start: a new head, or that of a pretrained detector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from headstart.core.detector import Detector
from headstart.core.errors import UsageError
from headstart.core.maps import Map
from headstart.tasks._map_head import MapHead
from headstart.tasks._simple_pyramid import SimplePyramid
from headstart.tasks.finding import fcos
from headstart.tasks.finding.d_fine import DFineFinder
from headstart.tasks.finding.faster_rcnn import FasterRcnnFinder
from headstart.tasks.finding.finder import Finder, PretrainedFinder
from headstart.tasks.finding.pretrained_fcos import FcosFinder
from headstart.tasks.finding.retinanet import RetinaNetFinder
from headstart.tasks.finding.rt_detr import RtDetrFinder, RtDetrV2Finder
from headstart.tasks.finding.ssd import SsdFinder
from headstart.tasks.finding.yolo import YoloFinder
from headstart.tasks.finding.yolos import YolosFinder

FAMILIES: Mapping[str, type[PretrainedFinder]] = {
    "d_fine": DFineFinder,
    "faster_rcnn": FasterRcnnFinder,
    "fcos": FcosFinder,
    "retinanet": RetinaNetFinder,
    "rt_detr": RtDetrFinder,
    "rt_detr_v2": RtDetrV2Finder,
    "ssd": SsdFinder,
    "yolo": YoloFinder,
    "yolos": YolosFinder,
}

STRIDES = (8, 16, 32)


class NewHead(fcos.FcosReading):
    """A small pyramid and an anchor-free head on the maps of a backbone that knows nothing of boxes."""

    def head(self, offered: Sequence[Map]) -> MapHead:
        """On the maps of strides 8, 16 and 32; on the coarsest two or three where a network has others, and on maps
        made of these strides where it has one alone."""
        if len(offered) == 1:
            return SimplePyramid(offered[0], STRIDES, partial(fcos.FcosHead, classes=len(self.labels)))
        maps = [each for each in offered if each.stride in STRIDES] or list(offered)[-len(STRIDES) :]
        if len(maps) < 2:
            raise UsageError(f"Detection reads maps of two strides at least; this backbone gives {len(maps)}.")
        return fcos.FcosHead(maps, len(self.labels))


def finder_of(labels: Sequence[str], frame: tuple[int, int], detector: Detector | None) -> Finder:
    """How boxes of these classes are found, in pictures of `frame` (width, height).

    Raises
    ------
    UsageError : the detector is of a family that nothing here knows.
    """
    own = detector.of_boxes() if detector else None
    if detector is None or own is None:
        return NewHead(labels, frame)
    if detector.family not in FAMILIES:
        raise UsageError(f"Detectors of the family {detector.family!r} are not known; {', '.join(FAMILIES)} are.")
    return FAMILIES[detector.family](labels, frame, own)
