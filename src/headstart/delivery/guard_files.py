"""The two files of a guard in a model folder: arrays in one, names and words in the other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from headstart.core.files import write_json
from headstart.delivery.guard import Guard

GUARD_FILES = TENSORS, WORDS = "guard.safetensors", "guard.json"


def write_guard(guard: Guard, folder: Path) -> None:
    """Write the two files of the guard into a model folder that is being written."""
    arrays = {f"familiar.{i}": each for i, each in enumerate(guard.familiar)}
    arrays |= {name: getattr(guard, name) for name in _ARRAYS}
    arrays |= {f"{kind}.{name}": each for kind in _BY_DEPTH for name, each in getattr(guard, kind).items()}
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / TENSORS)
    write_json(folder / WORDS, {name: getattr(guard, name) for name in _WORDS})


def read_guard(folder: Path) -> Guard | None:
    """The guard in a model folder; None where an older headstart wrote it without one.

    Raises
    ------
    KeyError, TypeError, ValueError, OSError, SafetensorError : a file of it is missing or damaged.
    """
    if not (folder / WORDS).exists() and not (folder / TENSORS).exists():
        return None
    words = json.loads((folder / WORDS).read_text(encoding="utf-8"))
    arrays = load_file(folder / TENSORS)
    read: dict[str, Any] = {name: words[name] for name in _WORDS if name in words or name not in _LATER}
    read |= {name: arrays[name] for name in _ARRAYS if name in arrays or name not in _LATER}
    for kind in _BY_DEPTH:
        read[kind] = {name[len(kind) + 1 :]: each for name, each in arrays.items() if name.startswith(kind + ".")}
    return Guard(familiar=[arrays[f"familiar.{i}"] for i in range(len(words["depths"]))], **read)


_ARRAYS = ("held_out", "held_out_places", "scores", "confidence", "right", "classes", "shares", "held_out_classes")
_WORDS = ("depths", "ids", "targets", "threshold", "agreement", "unseen", "held_out_ids", "nothing_held_out")
_BY_DEPTH = ("deeper", "held_out_deeper")
_LATER = ("held_out_classes", "held_out_ids", "nothing_held_out")
"""What a folder of an older headstart lacks."""
