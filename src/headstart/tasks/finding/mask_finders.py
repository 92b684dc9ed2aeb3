"""Which way of finding masks goes with which start: queries that ask for them, or a branch that looks into boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headstart.core.detector import Detector
from headstart.core.errors import UsageError
from headstart.tasks.finding.finder import Finder
from headstart.tasks.finding.finders import finder_of
from headstart.tasks.finding.mask2former import Mask2FormerFinder
from headstart.tasks.finding.mask_queries import QueriesFinder
from headstart.tasks.finding.masked import MaskedFinder
from headstart.tasks.finding.maskformer import MaskFormerFinder

FAMILIES: Mapping[str, type[QueriesFinder]] = {"mask2former": Mask2FormerFinder, "maskformer": MaskFormerFinder}


def mask_finder_of(labels: Sequence[str], frame: tuple[int, int], detector: Detector | None) -> Finder:
    """How objects of these classes are found with their masks, in pictures of `frame` (width, height).

    Raises
    ------
    UsageError : the detector is of a family that nothing here knows.
    """
    if detector is None or not detector.finds_masks:
        return MaskedFinder(finder_of(labels, frame, detector), detector)
    if detector.family not in FAMILIES:
        raise UsageError(f"Queries of the family {detector.family!r} are not known; {', '.join(FAMILIES)} are.")
    return FAMILIES[detector.family](labels, frame, detector)
