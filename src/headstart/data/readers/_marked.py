"""Pictures with the boxes that a file gives them, checked against the pictures, as examples of detection."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from headstart.core.boxes import Box, Boxes, Outline
from headstart.core.coco_numbers import CocoNumbers
from headstart.core.counts import first_few
from headstart.core.errors import InputError, Problem
from headstart.data.examples import Examples
from headstart.data.readers._pictures import IMAGE, Path, Pictures, picture_size
from headstart.data.readers.base import Request

ROUNDING = 1.0
"""Pixels that a box may reach beyond its picture: some tools count from 0, others from 1, and most round."""

_NAMED = 8


@dataclass(frozen=True)
class GivenBox:
    """A box as a file gives it, and where that stands; ``relative`` edges are shares of width and height."""

    where: str
    edges: tuple[float, float, float, float]
    label: str
    crowd: bool = False
    difficult: bool = False
    outline: Outline | None = None
    relative: bool = False


@dataclass(frozen=True)
class MarkedPicture:
    """A picture, its split, and its boxes; ``stated`` is the (width, height) that the annotation says, at `where`."""

    path: Path
    split: str | None
    boxes: tuple[GivenBox, ...] = ()
    where: str = ""
    stated: tuple[int, int] | None = None


@dataclass(frozen=True)
class Marked:
    """What a reader found: ``kind`` names the format, ``problems`` are its mistakes so far, ``numbers`` COCO's."""

    kind: str
    pictures: Sequence[MarkedPicture]
    problems: Sequence[Problem] = ()
    notes: tuple[str, ...] = ()
    numbers: CocoNumbers | None = None


def examples_of_boxes(found: Marked, files: Pictures, request: Request) -> Examples:
    """The pictures as examples; without targets where none are needed.

    Raises
    ------
    InputError : with every broken box, picture of another size, and what the reader found; or nothing to learn.
    """
    problems = list(found.problems)
    targets = []
    for picture in found.pictures:
        target, mistakes = _target(picture, files)
        targets.append(target)
        problems += mistakes
    if request.needs_targets and not problems:
        problems += _nothing_to_learn(found, targets, str(files.root), request.fits)
    if problems and (request.needs_targets or not found.pictures):
        raise InputError(problems, f"{files.root}: its boxes cannot be used as they are ({found.kind}).")
    splits = [picture.split for picture in found.pictures]
    return Examples(
        modality=IMAGE,
        references=[picture.path.absolute() for picture in found.pictures],
        ids=[files.name(picture.path) for picture in found.pictures],
        targets=targets if request.needs_targets else None,
        splits=splits if any(splits) else None,
        source=f"{files.root} ({found.kind})",
        notes=(*(_said(found, targets, files) if request.needs_targets else ()), *found.notes),
        numbers=found.numbers,
    )


def _target(picture: MarkedPicture, files: Pictures) -> tuple[Boxes, list[Problem]]:
    size = picture_size(picture.path)
    if size is None:  # set aside by whoever looks at the pixels
        size = picture.stated or (0, 0)
    if picture.stated is not None and size != picture.stated:
        return Boxes((), size), [_other_size(picture, files.name(picture.path), size)]
    marked, problems = [], []
    for given in picture.boxes:
        edges = _in_pixels(given, size)
        if what := box_problem(edges, size):
            problems.append(Problem(given.where, what))
        else:
            clipped = _clipped(edges, size)
            marked.append(Box(*clipped, given.label, given.crowd, given.difficult, given.outline))
    return Boxes(tuple(marked), size), problems if size != (0, 0) else []


def _other_size(picture: MarkedPicture, name: str, size: tuple[int, int]) -> Problem:
    said, seen = (f"{width}×{height}" for width, height in (picture.stated or (0, 0), size))
    turned = picture.stated == size[::-1]
    fix = (
        "the picture may be turned by its EXIF data: save it upright"
        if turned
        else "scale the boxes with the picture, or bring the original back"
    )
    return Problem(picture.where, f"it says that {name} has {said} pixels, and the picture has {seen}", fix)


def _in_pixels(given: GivenBox, size: tuple[int, int]) -> tuple[float, ...]:
    return tuple(edge * length for edge, length in zip(given.edges, size * 2, strict=True)) if given.relative else (
        given.edges
    )  # fmt: skip


def box_problem(edges: Sequence[float], size: tuple[int, int]) -> str:
    """Why (left, top, right, bottom) in pixels is no box in a picture of that (width, height); empty where it is."""
    if not all(map(math.isfinite, edges)):
        return "an edge of the box is not a finite number"
    left, top, right, bottom = edges
    for what, length in (("width", right - left), ("height", bottom - top)):
        if length <= 0:
            return f"the {what} of the box is {length:g}; it must be above 0"
    width, height = size
    beyond = max(-left, -top, right - width, bottom - height)
    if beyond > ROUNDING or left >= width or top >= height or right <= 0 or bottom <= 0:
        box = ", ".join(f"{edge:g}" for edge in edges)
        return f"the box (left, top, right, bottom: {box}) reaches outside the picture of {width}×{height} pixels"
    return ""


def _clipped(edges: Sequence[float], size: tuple[int, int]) -> tuple[float, float, float, float]:
    left, top, right, bottom = edges
    width, height = size
    return max(left, 0.0), max(top, 0.0), min(right, float(width)), min(bottom, float(height))


def _nothing_to_learn(found: Marked, targets: Sequence[Boxes], where: str, fits: bool) -> list[Problem]:
    if not found.pictures:
        return [Problem(where, "there is no picture with an annotation")]
    pairs = zip(found.pictures, targets, strict=True)
    learnt = {box.label for picture, boxes in pairs if (picture.split or "train") == "train" for box in boxes}
    if not fits:
        return []
    if not learnt:
        return [Problem(where, "no picture to learn from holds a box")]
    problems: dict[str, Problem] = {}
    for picture, boxes in zip(found.pictures, targets, strict=True):
        for label in {box.label for box in boxes if box.asked_for} - learnt:
            what = f"it has no box among the pictures to learn from, only in the {picture.split} split"
            problems.setdefault(label, Problem(f"class {label!r}", what))
    return [problems[label] for label in sorted(problems)]


def _said(found: Marked, targets: Sequence[Boxes], files: Pictures) -> tuple[str, ...]:
    """What was read, for the person: boxes by class, outlines, pictures without any."""
    boxes = [box for target in targets for box in target]
    classes = Counter(box.label for box in boxes).most_common()
    named = ", ".join(f"{label} {count:,}" for label, count in classes[:_NAMED])
    more = f" and {len(classes) - _NAMED} more" if len(classes) > _NAMED else ""
    special = {
        "with an outline": sum(box.outline is not None for box in boxes),
        "of a crowd": sum(box.crowd for box in boxes),
        "marked as difficult": sum(box.difficult for box in boxes),
    }
    further = [f"{count:,} {what}" for what, count in special.items() if count]
    kinds = f"{len(classes)} {'class' if len(classes) == 1 else 'classes'}"
    marked = f"{len(boxes):,} {'box' if len(boxes) == 1 else 'boxes'} of {kinds}: {named}{more}"
    notes = ["".join([marked, *(f"; {what}" for what in further)]) if boxes else "No box is marked"]
    pairs = zip(found.pictures, targets, strict=True)
    if empty := [files.name(picture.path) for picture, target in pairs if not len(target)]:
        kept = f"{len(empty):,} of {len(targets):,} pictures hold no box; they are kept as pictures of nothing"
        notes.append(f"{kept}: {first_few(empty)}")
    return tuple(f"{note}." for note in notes)
