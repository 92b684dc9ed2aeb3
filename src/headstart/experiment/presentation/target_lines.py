"""Lines that show targets with a place on small pictures: the boxes that are marked, and the edges of masks."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

import numpy as np
import PIL.Image

from headstart.core.boxes import Boxes
from headstart.core.masks import Mask
from headstart.data.examples import Examples
from headstart.delivery.boxed_pictures import COLOURS

MOST_BOXES = 200

CELLS = 72
"""Along each side of a mask: so many places are told apart on a picture of a thumb's size."""


def target_lines(examples: Examples, shown: Iterable[str]) -> dict[str, str]:
    """SVG in coordinates from 0 to 1, by id, of the examples `shown`; of other targets nothing."""
    wanted = set(shown)
    targets = dict(zip(examples.ids, examples.targets or [], strict=False))
    labels = sorted({box.label for target in targets.values() if isinstance(target, Boxes) for box in target})
    drawn = {name: _lines(targets[name], labels) for name in wanted if name in targets}
    return {name: lines for name, lines in drawn.items() if lines}


def _lines(target: Any, labels: list[str]) -> str:
    if isinstance(target, Boxes):
        return "".join(_box(target, place, labels) for place in range(min(MOST_BOXES, len(target))))
    return _edges(target) if isinstance(target, Mask) else ""


def _box(target: Boxes, place: int, labels: list[str]) -> str:
    box, (width, height) = target.marked[place], target.size
    colour = COLOURS[labels.index(box.label) % len(COLOURS)]
    sides = (box.right - box.left) / width, (box.bottom - box.top) / height
    return (
        f'<rect x="{box.left / width:.4f}" y="{box.top / height:.4f}" width="{sides[0]:.4f}" '
        f'height="{sides[1]:.4f}" style="stroke:{colour}"><title>{escape(box.label)}</title></rect>'
    )


def _edges(mask: Mask) -> str:
    """Between cells of different classes, one path; nothing of a mask that can no longer be read."""
    try:
        classes = PIL.Image.fromarray(mask.classes()).resize((CELLS, CELLS), PIL.Image.Resampling.NEAREST)
    except ValueError:
        return ""
    cells = np.asarray(classes)
    down, across = cells[1:] != cells[:-1], (cells[:, 1:] != cells[:, :-1]).T
    moves = [f"M{a} {row}H{b}" for row, a, b in _runs(down)] + [
        f"M{column} {a}V{b}" for column, a, b in _runs(across)
    ]
    return f'<path transform="scale({1 / CELLS:.6f})" d="{"".join(moves)}"/>' if moves else ""


def _runs(edges: np.ndarray) -> list[tuple[int, int, int]]:
    """(line, start, end) of the runs of True in each row of (R, C), lines counted from 1."""
    padded = np.pad(edges.astype(np.int8), ((0, 0), (1, 1)))
    turns = np.diff(padded, axis=1)
    starts, ends = np.argwhere(turns == 1), np.argwhere(turns == -1)
    return [(int(row) + 1, int(a), int(b)) for (row, a), (_, b) in zip(starts, ends, strict=True)]
