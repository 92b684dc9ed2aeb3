"""Cityscapes: how its files are named, several masks a picture, and what its numbers mean.

From the data set's paper (Cordts et al., "The Cityscapes Dataset for Semantic Urban Scene Understanding", CVPR 2016)
and the table of its tools, which judge 19 classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from headstart.data.readers._class_legends import VOID, ClassLines, Line

PICTURE = "_leftimg8bit"
"""What follows the name of a place in the stem of its picture, in lower case; in those of masks it is not there."""

_TRAINED, _ALL, _OBJECTS, _COLOURS = (
    f"_gtfine_{form}" for form in ("labeltrainids", "labelids", "instanceids", "color")
)
MASKS = (_TRAINED, _ALL, _OBJECTS, _COLOURS)
"""What follows it in those of its masks: 19 classes, all classes, numbers of objects, and colours to look at."""

_JUDGED = (
    (7, "road", (128, 64, 128)), (8, "sidewalk", (244, 35, 232)), (11, "building", (70, 70, 70)),
    (12, "wall", (102, 102, 156)), (13, "fence", (190, 153, 153)), (17, "pole", (153, 153, 153)),
    (19, "traffic light", (250, 170, 30)), (20, "traffic sign", (220, 220, 0)), (21, "vegetation", (107, 142, 35)),
    (22, "terrain", (152, 251, 152)), (23, "sky", (70, 130, 180)), (24, "person", (220, 20, 60)),
    (25, "rider", (255, 0, 0)), (26, "car", (0, 0, 142)), (27, "truck", (0, 0, 70)), (28, "bus", (0, 60, 100)),
    (31, "train", (0, 80, 100)), (32, "motorcycle", (0, 0, 230)), (33, "bicycle", (119, 11, 32)),
)  # fmt: skip
"""The number, name and colour of each class that is judged, by the number that it is trained with."""

_NUMBERS = range(34)
"""Those that a pixel may have in masks of all classes; of those left out above nobody is judged by."""

_FIRST_OBJECT = 24
"""From here on classes have objects."""


def of_one_form(masks: Sequence[Path], objects: bool) -> Sequence[Path]:
    """Of several masks a picture those of classes, or of `objects`; all where they are none of Cityscapes."""
    ours = {form: [path for path in masks if path.stem.lower().endswith(form)] for form in MASKS}
    wanted = (_OBJECTS,) if objects else (_TRAINED, _ALL, _COLOURS)
    return next((ours[form] for form in wanted if ours[form]), masks)


def classes_of(masks: Sequence[Path]) -> ClassLines | None:
    """The classes of masks as :func:`of_one_form` gives them; None of other files, and of colours."""
    of_form = {
        _TRAINED: [Line(name, place, colour) for place, (_, name, colour) in enumerate(_JUDGED)],
        _ALL: _with_void(0),
        _OBJECTS: _with_void(_FIRST_OBJECT),
    }
    said = [lines for form, lines in of_form.items() if all(path.stem.lower().endswith(form) for path in masks)]
    return ClassLines(said[0], "Cityscapes") if masks and said else None


def _with_void(first: int) -> list[Line]:
    """The judged classes from the number `first` on, then every other number."""
    judged = {number: Line(name, number, colour) for number, name, colour in _JUDGED if number >= first}
    return [*judged.values(), *(Line(VOID, number, None) for number in _NUMBERS if number not in judged)]
