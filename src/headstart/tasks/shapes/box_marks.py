"""What is to be drawn of boxes on a picture: those found, those missed and false alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import numpy as np

from headstart.core.boxes import Box, Boxes
from headstart.core.outlines import covered
from headstart.tasks.shapes.box_matching import Detected, Truth, match
from headstart.tasks.shapes.mask_grids import TRUE_CELLS
from headstart.tasks.shapes.pixel_masks import pasted

Kind = Literal["found", "missed", "false alarm"]


class Mark(NamedTuple):
    """A box to draw: edges as shares of the picture, its class, what it is, the score of a detection, and a grid over
    the box where it has a mask."""

    edges: tuple[float, ...]
    label: str
    kind: Kind
    score: float | None = None
    mask: np.ndarray | None = None


def marks(target: Boxes, found: Sequence[Mapping[str, Any]], grids: Sequence[np.ndarray] | None = None) -> list[Mark]:
    """What became of the boxes `found` in a picture and of those marked in it: false alarms, misses, then the rest.

    Parameters
    ----------
    found : with ``label``, ``score`` and ``edges``, as :meth:`headstart.tasks.detection.Detection.decode` gives them.
    grids : the masks of those found, where it is masks that are compared.
    """
    labels = sorted({box.label for box in target} | {box["label"] for box in found})
    said, truth = _found(target, found, labels), _marked(target, labels)
    marked = [_grid(box) for box in target] if grids is not None else None
    if grids is not None and marked is not None:
        said = replace(said, masks=[pasted(*each, target.size) for each in zip(grids, said.corners, strict=True)])
        truth = replace(truth, masks=[pasted(*each, target.size) for each in zip(marked, truth.corners, strict=True)])
    made, seen = [], set()
    for one in match([said], [truth], len(labels)):
        for i, place in enumerate(one.places):
            if not one.ignored[0, 0, i]:
                kind: Kind = "found" if one.hits[0, 0, i] else "false alarm"
                box, mask = found[place], None if grids is None else grids[place]
                made.append(Mark(tuple(box["edges"]), box["label"], kind, box["score"], mask))
            if one.hits[0, 0, i]:
                seen.add(int(one.partners[i]))
    size = np.array(target.size * 2, dtype=float)
    for place, given in enumerate(target):
        if given.asked_for and place not in seen:
            mask = None if marked is None else marked[place]
            made.append(Mark(tuple(truth.corners[place] / size), given.label, "missed", None, mask))
    return sorted(made, key=lambda mark: (_ORDER[mark.kind], -(mark.score or 0.0)))


_ORDER: dict[Kind, int] = {"false alarm": 0, "missed": 1, "found": 2}


def _grid(box: Box) -> np.ndarray:
    """(56, 56) from 0 to 1 of what is marked; all of a box without an outline."""
    return np.ones((TRUE_CELLS, TRUE_CELLS)) if box.outline is None else covered(box, TRUE_CELLS) / 255


def _found(target: Boxes, found: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> Detected:
    edges = np.array([box["edges"] for box in found], dtype=float).reshape(-1, 4)
    corners = edges * np.array(target.size * 2, dtype=float)
    return Detected(corners, np.array([box["score"] for box in found], float), _places(found, labels))


def _marked(target: Boxes, labels: Sequence[str]) -> Truth:
    return Truth(
        np.array([box.corners for box in target], dtype=float).reshape(-1, 4),
        np.array([labels.index(box.label) for box in target], dtype=int),
        np.array([box.crowd for box in target], dtype=bool),
        np.array([not box.asked_for for box in target], dtype=bool),
    )


def _places(found: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> np.ndarray:
    return np.array([labels.index(box["label"]) for box in found], dtype=int)
