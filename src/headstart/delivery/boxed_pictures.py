"""Answers that are boxes, perhaps with masks, written as a folder: COCO JSON, pictures, and a table."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageDraw

from headstart.core.coco_numbers import CocoNumbers, Id
from headstart.core.files import whole_folder
from headstart.core.outlines import compressed, run_lengths
from headstart.data.modalities import MODALITIES
from headstart.delivery.predictions import write_predictions
from headstart.delivery.tags import SMALLEST_LETTERS, Tags, in_pixels
from headstart.tasks.base import Predictions
from headstart.tasks.shapes.pixel_masks import pasted

BOXES, MASKS = "boxes", "masks"
TABLE, JSON, PICTURES = "predictions.csv", "predictions.json", "pictures"
PIXELS = "pixels"
COLOURS = ("#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4", "#008080", "#9a6324", "#808000")
"""Of classes, in turn."""

QUALITY, STRENGTH = 90, 0.45
"""Of the JPEG files, and how much of the colour of its class covers an object that has a mask."""

LETTERS = 36
"""How many times as long as the letters on a picture its shorter side is, where that gives no smaller ones."""


@dataclass(frozen=True)
class Boxed:
    """The inputs, N references of a modality, in which boxes were found, and the labels that these may have.

    ``numbers`` are those of the COCO file that named the inputs; None where there was none.
    """

    modality: str
    references: Sequence[Any]
    labels: Sequence[str]
    numbers: CocoNumbers | None = None


def write_boxes(
    folder: Path, ids: Sequence[str], names: Sequence[str], predictions: Predictions, boxed: Boxed
) -> None:
    """Write ``predictions.json``, a picture with its boxes for each input and the table, whole or not at all.

    Parameters
    ----------
    names : of the N pictures, each another.

    Raises
    ------
    HeadstartError : the disk is full or not writable.
    """
    kind = MODALITIES.load(boxed.modality)()
    sizes = [kind.extent(reference) or (0, 0) for reference in boxed.references]
    numbers = boxed.numbers or CocoNumbers.anew(ids)
    categories = numbers.of(boxed.labels)
    answers = zip(predictions.columns[BOXES], _masks(predictions), strict=True)
    found: list[list[dict[str, Any]]] = []
    with whole_folder(folder) as temporary:
        for name, reference, size, (boxes, grids) in zip(names, boxed.references, sizes, answers, strict=True):
            shown = _with_shapes(boxes, grids, size)  # of one picture at a time: they are as large as it is
            path = (temporary / PICTURES / name).with_suffix(".jpg")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(drawn(kind.decode(reference), shown, boxed.labels))
            found.append(annotations_of(shown, size, categories))
        content = coco_json(numbers.images, sizes, found, categories)
        (temporary / JSON).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        write_predictions(temporary / TABLE, ids, predictions)


def _masks(predictions: Predictions) -> Sequence[Any]:
    """Of each picture the grids of its boxes, None where boxes have none."""
    return predictions.columns.get(MASKS) or [None] * len(predictions)


def _with_shapes(
    boxes: Sequence[Mapping[str, Any]], grids: Sequence[np.ndarray] | None, size: tuple[int, int]
) -> list[Mapping[str, Any]]:
    """The boxes, with the ``pixels`` of their masks where they have any."""
    if grids is None:
        return list(boxes)
    corners = (in_pixels(box["edges"], size) for box in boxes)
    shapes = [pasted(grid, own, size, max(size)) for grid, own in zip(grids, corners, strict=True)]
    return [{**box, PIXELS: shape} for box, shape in zip(boxes, shapes, strict=True)]


def annotations_of(
    boxes: Sequence[Mapping[str, Any]], size: tuple[int, int], categories: Mapping[str, Id]
) -> list[dict[str, Any]]:
    """The boxes in a picture of `size` (width, height) as COCO's annotations, without numbers; the score beside each.

    `categories` are the ids of the classes.

    Where boxes have ``pixels``, these are the compressed run lengths of a ``segmentation``.
    """
    annotations = []
    for box in boxes:
        left, top, right, bottom = in_pixels(box["edges"], size)
        edges = [round(value, 2) for value in (left, top, right - left, bottom - top)]
        shape = {"bbox": edges, "area": round(edges[2] * edges[3], 2), "iscrowd": 0}
        if PIXELS in box:
            runs = {"size": [size[1], size[0]], "counts": compressed(run_lengths(box[PIXELS].whole(size)))}
            shape |= {"area": box[PIXELS].area, "segmentation": runs}
        annotations.append({"category_id": categories[box["label"]], **shape, "score": box["score"]})
    return annotations


def coco_json(
    images: Sequence[tuple[Id, str]],
    sizes: Sequence[tuple[int, int]],
    found: Sequence[Sequence[Mapping[str, Any]]],
    categories: Mapping[str, Id],
) -> dict[str, Any]:
    """Boxes as a COCO data set; its ``annotations`` are COCO's results too.

    Parameters
    ----------
    images : the id of each picture and its file. sizes : their (width, height).
    found : the annotations in each picture, from :func:`annotations_of`.
    """
    pictures = [
        {"id": own, "file_name": name, "width": width, "height": height}
        for (own, name), (width, height) in zip(images, sizes, strict=True)
    ]
    placed = [{"image_id": own, **each} for (own, _), some in zip(images, found, strict=True) for each in some]
    annotations = [{"id": number, **each} for number, each in enumerate(placed, 1)]
    kinds = [{"id": own, "name": label} for label, own in categories.items()]
    return {"images": pictures, "annotations": annotations, "categories": kinds}


def drawn(picture: PIL.Image.Image, boxes: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> bytes:
    """A JPEG of `picture` with the boxes, each in the colour of its class, with its class and score."""
    shown = picture.convert("RGB")
    for box in reversed(boxes):
        if PIXELS in box:
            colour = COLOURS[labels.index(box["label"]) % len(COLOURS)]
            shown = tinted(shown, box[PIXELS].whole(shown.size), colour, STRENGTH)
    pen = PIL.ImageDraw.Draw(shown)
    line = max(1, round(min(shown.size) / 160))
    colours = [COLOURS[labels.index(box["label"]) % len(COLOURS)] for box in boxes]
    placed = [(box, in_pixels(box["edges"], shown.size), colour) for box, colour in zip(boxes, colours, strict=True)]
    for _, edges, colour in reversed(placed):
        pen.rectangle(edges, outline=colour, width=line)
    tags = Tags(shown, max(SMALLEST_LETTERS, min(shown.size) / LETTERS))
    for box, edges, colour in placed:
        tags.write(edges, f"{box['label']} {box['score']:.2f}", colour)
    return _jpeg(shown)


def covered(picture: PIL.Image.Image, mask: bytes) -> bytes:
    """A JPEG of `picture` under the colours of a PNG of its size; what is black there stays as it is."""
    colours = PIL.Image.open(io.BytesIO(mask)).convert("RGB")
    return _jpeg(_under(picture.convert("RGB"), (np.asarray(colours) > 0).max(axis=2), colours, STRENGTH))


def _jpeg(picture: PIL.Image.Image) -> bytes:
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=QUALITY)
    return content.getvalue()


def rim(places: np.ndarray) -> np.ndarray:
    """(H, W) the True places whose neighbour to a side, or the end of the picture, is not."""
    inner = np.pad(places, 1)
    inside = inner[:-2, 1:-1] & inner[2:, 1:-1] & inner[1:-1, :-2] & inner[1:-1, 2:]
    return places & ~inside


def tinted(picture: PIL.Image.Image, places: np.ndarray, colour: str, strength: float) -> PIL.Image.Image:
    """`picture` with some of the `colour` where `places` (H, W) are True."""
    return _under(picture, places, PIL.Image.new("RGB", picture.size, colour), strength)


def _under(
    picture: PIL.Image.Image, places: np.ndarray, colours: PIL.Image.Image, strength: float
) -> PIL.Image.Image:
    """`picture` with some of the `colours`, another of its size, where `places` (H, W) are True."""
    stamp = PIL.Image.fromarray((places * round(255 * strength)).astype(np.uint8))
    made = picture.copy()
    made.paste(colours, (0, 0), stamp)
    return made
