"""Which networks of ultralytics' YOLO are read, how a folder tells them, and how one is made; without torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headstart.backbones.folders.coco_names import COCO
from headstart.core.errors import HeadstartError, nearest

LIBRARY = "ultralytics"

_FAMILIES = (
    ("v5", "yolov5", "nsmlx", "u"),
    ("v8", "yolov8", "nsmlx", ""),
    ("v9", "yolov9", "tsmce", ""),
    ("v10", "yolov10", "nsmblx", ""),
    ("11", "yolo11", "nsmlx", ""),
    ("12", "yolo12", "nsmlx", ""),
    ("26", "yolo26", "nsmlx", ""),
)
"""The folder of their definitions within the package, their name, the letters of their sizes, what follows those."""

DEFINED = {
    f"{family}{size}{end}": ((f"{folder}/{family}{size}.yaml", f"{folder}/{family}.yaml"), size)
    for folder, family, sizes, end in _FAMILIES
    for size in sizes
}
"""By the name of an architecture: where the package may define it, and the letter of its size."""

NAMES = tuple(name for name in COCO if name)
"""COCO's 80 classes, as published weights have them."""

PICKLED = (".pt", ".pth", ".bin", ".ckpt", ".pkl")
"""Endings of files of weights that are pickles."""

SCRIPT = """\
import json, pathlib
from safetensors.torch import save_file
from ultralytics import YOLO

model = YOLO("NAME.pt").model.float()  # unpickles the file, which runs what lies in it
folder = pathlib.Path("NAME")
folder.mkdir()
save_file({name: value.contiguous() for name, value in model.state_dict().items()}, folder / "model.safetensors")
told = {"library": "ultralytics", "architecture": "NAME", "labels": list(model.names.values())}
(folder / "config.json").write_text(json.dumps(told), encoding="utf-8")
"""
"""Makes a folder of the published weights called NAME, in an environment of ultralytics' own."""


def of_ultralytics(config: Mapping[str, Any]) -> bool:
    """Whether ``config.json`` says that the folder holds a network of the package."""
    return config.get("library") == LIBRARY


def known(architecture: Any, where: str) -> str:
    """`architecture`, where it is one that is read.

    Raises
    ------
    HeadstartError : it is not; `where` leads the message.
    """
    if isinstance(architecture, str) and architecture in DEFINED:
        return architecture
    sizes = ", ".join(f"{family}{{{','.join(letters)}}}{end}" for _, family, letters, end in _FAMILIES)
    raise HeadstartError(
        f"{where}: ultralytics has no detector {architecture!r} that is read here."
        f"{nearest(str(architecture), DEFINED)} There are: {sizes}."
    )


def classes_of(config: Mapping[str, Any], where: str = "config.json") -> list[str]:
    """The names of its classes, in the order of its columns: ``labels``, else COCO's, or numbers for another count.

    Raises
    ------
    HeadstartError : they are no names, or not as many as ``num_classes``.
    """
    labels, count = config.get("labels"), config.get("num_classes")
    if labels is None:
        count = len(NAMES) if count is None else count
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise HeadstartError(f'{where}: "num_classes" is {count!r}; it is the number of classes.')
        return list(NAMES) if count == len(NAMES) else [str(number) for number in range(count)]
    if not isinstance(labels, list) or not labels or not all(isinstance(name, str) for name in labels):
        raise HeadstartError(f'{where}: "labels" is a list of the names of the classes, in their order.')
    if count not in (None, len(labels)):
        raise HeadstartError(f'{where}: has {len(labels)} "labels" and "num_classes" {count}.')
    return labels


def pickled(given: str | Path) -> str:
    """Why the file or name `given` is not read, and what to do, where it is one of pickled weights; else nothing."""
    path = Path(given)
    if path.suffix.lower() not in PICKLED:
        return ""
    why = "It holds pickled weights, which can run code when they are opened, and are never opened here. "
    if path.stem not in DEFINED:
        return f"{why}Convert it to a folder with config.json and model.safetensors where you trust it. "
    return why + how_to_make(path.stem)


def how_to_make(architecture: str) -> str:
    """How a person makes a folder of published weights."""
    return (
        f"Where you trust {architecture}.pt, make a folder of it in an environment of ultralytics' own (licence: "
        f"AGPL-3.0), and name that folder:\n\n{SCRIPT.replace('NAME', architecture)}"
    )
