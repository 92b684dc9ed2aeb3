"""Draws boxes, and masks, on judged pictures for the report: false alarms, the surest first, then misses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import PIL.Image
import PIL.ImageDraw
from torch import Tensor

from headstart.core.boxes import Boxes
from headstart.data.examples import Examples
from headstart.data.modalities import MODALITIES
from headstart.delivery.boxed_pictures import BOXES, MASKS, STRENGTH, rim, tinted
from headstart.delivery.report.evidence import Boxed
from headstart.delivery.tags import Tags, in_pixels
from headstart.experiment.presentation.embedding import decoded, embedded, widened
from headstart.tasks.base import Task
from headstart.tasks.shapes.box_marks import Kind, Mark, marks
from headstart.tasks.shapes.pixel_masks import pasted

SHOWN = 24
WIDTH = 360
INKS: dict[Kind, str] = {"found": "#2e9e4f", "missed": "#f2a900", "false alarm": "#e0245e"}
"""Told apart by the line too: what is missed is drawn double."""

STRIPS: dict[Kind, str] = {"found": "#1f7a3a", "missed": "#946200", "false alarm": "#e0245e"}
"""What white words stand on: as the lines, but dark enough."""


def boxed_answers(task: Task, examples: Examples, rows: np.ndarray, outputs: Tensor, encoded: Tensor) -> list[Boxed]:
    """The pictures at `rows` with their boxes, the worst first; none where answers are no boxes.

    Parameters
    ----------
    outputs, encoded : calibrated outputs and targets of the M examples at `rows`.
    """
    columns = task.decode(outputs, {}).columns
    answers, masks = columns.get(BOXES), columns.get(MASKS)
    if answers is None:
        return []
    modality = MODALITIES.load(examples.modality)()
    wrong, shown, named = task.mistakes(outputs, encoded), [], len(_classes(examples)) > 1
    for place in np.argsort(-wrong, kind="stable")[:SHOWN].tolist():
        target = (examples.targets or [])[rows[place]]
        if not isinstance(target, Boxes):
            return []
        if (picture := decoded(modality, examples.references[rows[place]], WIDTH)) is None:
            continue
        name, found = examples.ids[rows[place]], marks(target, answers[place], masks and masks[place])
        fragment = _fragment(picture, found, name, named)
        shown.append(Boxed(name, _said(found), fragment, any(mark.mask is not None for mark in found), named))
    return shown


def _classes(examples: Examples) -> set[str]:
    """Those of all that is marked."""
    return {box.label for target in examples.targets or [] if isinstance(target, Boxes) for box in target}


def _said(found: Sequence[Mark]) -> str:
    """``2 false alarms (0.97 cat), 1 missed, 14 found``."""
    counts = Counter(mark.kind for mark in found)
    alarms = counts["false alarm"]
    surest = f" ({found[0].label} {found[0].score:.2f})" if alarms else ""
    words = [f"{alarms} false alarm{'' if alarms == 1 else 's'}{surest}"] if alarms else []
    words += [f"{counts['missed']} missed"] if counts["missed"] else []
    return ", ".join([*words, f"{counts['found']} found"])


def _fragment(picture: PIL.Image.Image, found: Sequence[Mark], name: str, named: bool = False) -> str:
    """The picture with its boxes, inside the page itself; false alarms say their class, and where `named` all do."""
    shown = widened(picture, WIDTH)
    for mark in reversed(found):
        if mark.mask is not None:
            corners = in_pixels(mark.edges, shown.size)
            places = pasted(mark.mask, corners, shown.size, max(shown.size)).whole(shown.size)
            shown = tinted(tinted(shown, places, INKS[mark.kind], STRENGTH), rim(places), INKS[mark.kind], 1.0)
    pen = PIL.ImageDraw.Draw(shown)
    for mark in reversed(found):
        left, top, right, bottom = in_pixels(mark.edges, shown.size)
        pen.rectangle((left, top, right, bottom), outline=INKS[mark.kind], width=2)
        if mark.kind == "missed" and min(right - left, bottom - top) > 10:
            pen.rectangle((left + 4, top + 4, right - 4, bottom - 4), outline=INKS[mark.kind])
    tags = Tags(shown)
    for mark in found:
        if named or mark.kind == "false alarm":
            score = f" {mark.score:.2f}" if mark.kind == "false alarm" else ""
            tags.write(in_pixels(mark.edges, shown.size), mark.label + score, STRIPS[mark.kind])
    return embedded(shown, f"{name}: {_said(found)}")
