"""The model folder: written whole or not at all, and read back without running or unpickling anything."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from headstart.backbones import rebuild
from headstart.core.errors import InputError, UsageError, nearest
from headstart.core.files import finite, whole_folder
from headstart.core.out_folders import check_out
from headstart.core.results import FitResult
from headstart.delivery.guard import Guard
from headstart.delivery.guard_files import GUARD_FILES, read_guard, write_guard
from headstart.model.heads import described, rebuilt
from headstart.model.network import Network
from headstart.model.state import owned
from headstart.tasks import task_from_description
from headstart.tasks.base import Task

MODEL_FORMAT = 1
WEIGHTS, DESCRIPTION, RESULT, CARD, REPORT = (
    "model.safetensors",
    "model.json",
    "result.json",
    "README.md",
    "report.html",
)


@dataclass
class Parts:
    """What a model consists of.

    Attributes
    ----------
    network : backbone and head, finished.
    task : what its outputs mean.
    modality : plug-in name of the inputs it takes.
    calibration : what makes its probabilities honest, from held-out examples.
    result : the figures.
    columns : role (``input``, ``target``, ``group``) → the column it was trained from, where there was one.
    provenance : data fingerprint, versions, dates.
    guard : what its examples looked like; None where an older headstart made it.
    report : the evidence as one HTML page. card : the model card.
    """

    network: Network
    task: Task
    modality: str
    calibration: dict[str, float]
    result: FitResult
    columns: dict[str, str] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    guard: Guard | None = None
    report: str = ""
    card: str = ""


def write_folder(model: Parts, folder: Path) -> None:
    """Write `model` to `folder`, in the place of a model that lies there.

    Raises
    ------
    InputError : something else lies there.
    HeadstartError : the disk is full or not writable; `folder` is then as it was.
    """
    if not is_model_folder(folder):
        check_out(folder)
    state = owned(model.network.state_dict())
    with whole_folder(folder) as temporary:
        save_file(state, temporary / WEIGHTS, metadata={"format": "pt"})
        model.network.backbone.save_assets(temporary)
        _write_json(temporary / DESCRIPTION, describe(model))
        _write_json(temporary / RESULT, model.result.to_json())
        if model.guard:
            write_guard(model.guard, temporary)
        (temporary / CARD).write_text(model.card, encoding="utf-8")
        (temporary / REPORT).write_text(model.report, encoding="utf-8")


def describe(model: Parts) -> dict[str, Any]:
    """``model.json``: everything but the weights from which the model is built again."""
    return {
        "format": MODEL_FORMAT,
        "task": model.task.describe(),
        "modality": model.modality,
        "backbone": _without_path(model.network.backbone.describe()),
        "head": {
            **described(model.network.head, model.network.head_features),
            "depths": list(model.network.depths),
        },
        "calibration": model.calibration,
        "columns": model.columns,
        "provenance": model.provenance,
    }


def _without_path(description: dict[str, Any]) -> dict[str, Any]:
    """A backbone's description without where it lay on the machine that made the model."""
    if isinstance(card := description.get("card"), dict):
        description = {**description, "card": {**card, "path": ""}}
    return description


def read_folder(folder: Path) -> Parts:
    """The parts of the model in `folder`.

    Raises
    ------
    InputError : no model folder, a newer format, or a damaged file; the message says which and what to do.
    """
    description = _description(folder)
    try:
        return Parts(
            network=_network(folder, description),
            task=task_from_description(description["task"]),
            modality=description["modality"],
            calibration=dict(description["calibration"]),
            result=FitResult.from_json(json.loads((folder / RESULT).read_text(encoding="utf-8"))),
            columns=dict(description["columns"]),
            provenance=dict(description["provenance"]),
            guard=read_guard(folder),
            report=_text(folder / REPORT),
            card=_text(folder / CARD),
        )
    except UsageError as error:
        raise InputError(f"{folder}: made with something that is not installed here. {error}") from error
    except (AttributeError, KeyError, TypeError, ValueError, OSError, RuntimeError, SafetensorError) as error:
        why = " ".join(str(error).split())[:200]
        raise InputError(
            f"{folder}: the model folder is damaged ({type(error).__name__}: {why}). "
            "Copy it again from where it was made, or fit once more."
        ) from error


def is_model_folder(folder: Path) -> bool:
    """Whether `folder` looks like one of ours."""
    return (folder / DESCRIPTION).is_file() and (folder / WEIGHTS).is_file()


def _description(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        siblings = [p.name for p in folder.parent.iterdir() if is_model_folder(p)] if folder.parent.is_dir() else []
        raise InputError(f"{folder}: there is no such model folder.{nearest(folder.name, siblings)}")
    guard = GUARD_FILES if any((folder / name).is_file() for name in GUARD_FILES) else ()  # older ones have none
    missing = [name for name in (DESCRIPTION, WEIGHTS, RESULT, *guard) if not (folder / name).is_file()]
    if missing:
        raise InputError(f"{folder}: not a whole model folder; missing: {', '.join(missing)}")
    try:
        description = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        made_with = int(description["format"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder / DESCRIPTION}: not readable as a model description ({error})") from error
    if made_with > MODEL_FORMAT:
        raise InputError(
            f"{folder}: written in model format {made_with}; this headstart reads up to {MODEL_FORMAT}. "
            "Upgrade it: pip install --upgrade headstart"
        )
    return description


def _network(folder: Path, description: dict[str, Any]) -> Network:
    backbone = rebuild(description["backbone"], folder)
    task = task_from_description(description["task"])
    head = description["head"]
    network = Network(backbone, rebuilt(head, task), head["depths"])
    network.load_state_dict(load_file(folder / WEIGHTS))
    return network.requires_grad_(False).eval()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _write_json(path: Path, value: Any) -> None:
    text = json.dumps(finite(value), indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
