"""The facts of the model card: what the model does, from what, under which licence, and where it ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from headstart.core.counts import first_few
from headstart.core.paths import ending_of
from headstart.core.spec import FitSpec
from headstart.data.checks import Checked
from headstart.data.examples import Examples
from headstart.data.modalities import MODALITIES
from headstart.delivery.artifact import Model
from headstart.delivery.provenance import BACKBONE, SEED
from headstart.experiment.words import title
from headstart.tasks.base import Task

SHOWN_LABELS = 40

HUB_PIPELINES = frozenset(
    f"{modality}-{task}"
    for modality, task in [
        ("text", "classification"),
        ("image", "classification"),
        ("image", "segmentation"),
        ("audio", "classification"),
        ("video", "classification"),
        ("tabular", "classification"),
        ("tabular", "regression"),
    ]
)
"""The tasks of Hugging Face's hub whose names are a modality's and a task's; a card names no other."""


def facts(model: Model, spec: FitSpec, checked: Checked) -> dict[str, str]:
    """Words for :func:`headstart.delivery.card.model_card`; those it does not know make the provenance table."""
    noun, licence = MODALITIES.load(model.modality)().noun, model.network.backbone.card.licence
    task = model.task.name.replace("_", " ")
    pipeline = f"{model.modality}-{model.task.name}"
    known = {
        "title": f"{title(spec.data)}: {task} of {noun}",
        "description": f"Takes {noun} and predicts {_predicted(model.task)} of each.",
        "license": "" if licence == "unknown" else licence,
        "pipeline_tag": pipeline if pipeline in HUB_PIPELINES else "",
        "data": checked.examples.source,
        "labels": _labels(model),
        "limits": f"{_limits(model)} {caution(checked.examples, model.labels, spec.group)}".strip(),
        "input": _example_input(checked),
    }
    told = {*known, BACKBONE, SEED}
    rest = {name.replace("_", " "): str(value) for name, value in model.provenance.items() if name not in told}
    return {name: text for name, text in known.items() if text} | rest


def caution(examples: Examples, labels: Sequence[Any], group: str | None = None) -> str:
    """What the modality demands to be said of a model made from these, with its labels and the column of groups."""
    names = [Path(examples.source).name, *map(str, labels), *examples.further, *filter(None, [group])]
    return MODALITIES.load(examples.modality)().caution(examples.references, names)


def _limits(model: Model) -> str:
    if not model.labels:
        return ""
    fits = "It answers with one of its labels even where none of them fits."
    if not model.result.from_names:
        return fits
    return (
        f"{fits} It learnt from no example: how often it is right is not known, and its probabilities are not "
        "calibrated."
    )


def _predicted(task: Task) -> str:
    """``the class``; of several targets ``team (class), price (number)``."""
    parts = [part for part in task.parts(task.encode([])) if part.name]
    return ", ".join(f"{part.name} ({part.task.noun})" for part in parts) or f"the {task.noun}"


def _labels(model: Model) -> str:
    return first_few([str(label) for label in model.labels], SHOWN_LABELS)


def _example_input(checked: Checked) -> str:
    """The name of a file like those it was trained on, where its inputs are files."""
    first = checked.examples.references[0]
    if not isinstance(first, Path):
        return ""
    known = MODALITIES.load(checked.examples.modality)().suffixes
    own = first.suffix if ending_of(first) else ""
    return f"new{max((end for end in known if first.name.lower().endswith(end)), key=len, default=own)}"
