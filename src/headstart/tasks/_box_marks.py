"""What is to be drawn of boxes on a picture: those found, those missed and false alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from headstart.core.boxes import Boxes
from headstart.tasks._box_matching import Detected, Truth, match

Kind = Literal["found", "missed", "false alarm"]


class Mark(NamedTuple):
    """A box to draw: edges as shares of the picture, its class, what it is, and the score of a detection."""

    edges: tuple[float, ...]
    label: str
    kind: Kind
    score: float | None = None


def marks(target: Boxes, found: Sequence[Mapping[str, Any]]) -> list[Mark]:
    """What became of the boxes `found` in a picture and of those marked in it: false alarms, misses, then the rest.

    Parameters
    ----------
    found : with ``label``, ``score`` and ``edges``, as :meth:`headstart.tasks.detection.Detection.decode` gives them.
    """
    labels = sorted({box.label for box in target} | {box["label"] for box in found})
    size = np.array(target.size * 2, dtype=float)
    edges = np.array([box["edges"] for box in found], dtype=float).reshape(-1, 4)
    corners = np.array([box.corners for box in target], dtype=float).reshape(-1, 4)
    said = Detected(edges * size, np.array([box["score"] for box in found], float), _places(found, labels))
    truth = Truth(
        corners,
        np.array([labels.index(box.label) for box in target], dtype=int),
        np.array([box.crowd for box in target], dtype=bool),
        np.array([not box.asked_for for box in target], dtype=bool),
    )
    made, seen = [], set()
    for one in match([said], [truth], len(labels)):
        for i, place in enumerate(one.places):
            if not one.ignored[0, 0, i]:
                kind: Kind = "found" if one.hits[0, 0, i] else "false alarm"
                made.append(Mark(tuple(edges[place]), found[place]["label"], kind, found[place]["score"]))
            if one.hits[0, 0, i]:
                seen.add(int(one.partners[i]))
    for place, box in enumerate(target):
        if box.asked_for and place not in seen:
            made.append(Mark(tuple(corners[place] / size), box.label, "missed"))
    return sorted(made, key=lambda mark: (_ORDER[mark.kind], -(mark.score or 0.0)))


_ORDER: dict[Kind, int] = {"false alarm": 0, "missed": 1, "found": 2}


def _places(found: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> np.ndarray:
    return np.array([labels.index(box["label"]) for box in found], dtype=int)
