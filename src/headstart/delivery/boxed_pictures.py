"""Answers that are boxes, written as a folder: COCO JSON, pictures with the boxes on them, and a table."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import PIL.Image
import PIL.ImageDraw

from headstart.core.files import whole_folder
from headstart.data.modalities import MODALITIES
from headstart.delivery.predictions import write_predictions
from headstart.tasks.base import Predictions

BOXES, TABLE, JSON, PICTURES = "boxes", "predictions.csv", "predictions.json", "pictures"
COLOURS = ("#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4", "#008080", "#9a6324", "#808000")
"""Of classes, in turn."""

QUALITY = 90


@dataclass(frozen=True)
class Boxed:
    """The inputs, N references of a modality, in which boxes were found, and the labels that these may have."""

    modality: str
    references: Sequence[Any]
    labels: Sequence[str]


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
    found = predictions.columns[BOXES]
    with whole_folder(folder) as temporary:
        content = coco_json(ids, sizes, found, boxed.labels)
        (temporary / JSON).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        for name, reference, boxes in zip(names, boxed.references, found, strict=True):
            path = (temporary / PICTURES / name).with_suffix(".jpg")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(drawn(kind.decode(reference), boxes, boxed.labels))
        write_predictions(temporary / TABLE, ids, predictions)


def coco_json(
    ids: Sequence[str],
    sizes: Sequence[tuple[int, int]],
    found: Sequence[Sequence[Mapping[str, Any]]],
    labels: Sequence[str],
) -> dict[str, Any]:
    """Boxes as a COCO data set, with the ``score`` of each beside it; its ``annotations`` are COCO's results too."""
    annotations: list[dict[str, Any]] = []
    for number, (boxes, (width, height)) in enumerate(zip(found, sizes, strict=True), 1):
        for box in boxes:
            left, top, right, bottom = (
                edge * side for edge, side in zip(box["edges"], (width, height) * 2, strict=True)
            )
            edges = [round(value, 2) for value in (left, top, right - left, bottom - top)]
            place = {"id": len(annotations) + 1, "image_id": number, "category_id": labels.index(box["label"]) + 1}
            shape = {"bbox": edges, "area": round(edges[2] * edges[3], 2), "iscrowd": 0}
            annotations.append({**place, **shape, "score": box["score"]})
    images = [
        {"id": number, "file_name": name, "width": width, "height": height}
        for number, (name, (width, height)) in enumerate(zip(ids, sizes, strict=True), 1)
    ]
    categories = [{"id": number, "name": label} for number, label in enumerate(labels, 1)]
    return {"images": images, "annotations": annotations, "categories": categories}


def drawn(picture: PIL.Image.Image, boxes: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> bytes:
    """A JPEG of `picture` with the boxes, each in the colour of its class, under its class and score."""
    shown = picture.convert("RGB")
    pen = PIL.ImageDraw.Draw(shown)
    line = max(1, round(min(shown.size) / 160))
    for box in reversed(boxes):
        colour = COLOURS[labels.index(box["label"]) % len(COLOURS)]
        edges = [edge * side for edge, side in zip(box["edges"], shown.size * 2, strict=True)]
        pen.rectangle(edges, outline=colour, width=line)
        words = f"{box['label']} {box['score']:.2f}"
        pen.rectangle(pen.textbbox((edges[0], edges[1]), words), fill=colour)
        pen.text((edges[0], edges[1]), words, fill="white")
    content = io.BytesIO()
    shown.save(content, "JPEG", quality=QUALITY)
    return content.getvalue()
