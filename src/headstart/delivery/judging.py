"""Judges a model on examples with targets: figures with intervals, and of each class against the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from headstart.core.by_class import ByClass
from headstart.core.counts import first_few
from headstart.core.errors import InputError, Problem
from headstart.core.results import Figures, figures_json
from headstart.data.examples import Examples
from headstart.data.several_sources import by_name

if TYPE_CHECKING:
    from headstart.delivery.artifact import Model
    from headstart.delivery.inference import Computed

ROWS, CLASSES = 3, 10
"""What an error names: rows for each mistake, and classes that would do."""


@dataclass(frozen=True)
class Judged:
    """``figures`` of all examples; ``by_class`` is what :meth:`headstart.tasks.base.Task.by_class` says."""

    figures: Figures
    by_class: ByClass | None

    def to_json(self) -> dict[str, Any]:
        """As ``test`` in ``result.json``."""
        return {**figures_json(self.figures), **(self.by_class or {})}


def answerable(model: Model, examples: Examples) -> Examples:
    """The examples, if all their targets are such as `model` predicts.

    Raises
    ------
    InputError : a target is missing or unknown; each unknown one is named once, with its rows.
    """
    known = [part.name for part in model.task.parts(model.task.encode([]))]
    if known[0]:  # of several targets a table may hold one
        examples = replace(examples, targets=by_name(examples))
        if not any(name in target for target in examples.targets or () for name in known):
            raise InputError(f"{examples.source} holds none of the targets of this model: {', '.join(known)}.")
    if problems := model.task.problems(examples.ids, list(examples.targets or [])):
        many = f"{len(problems):,} of {len(examples):,} targets do not fit this model"
        raise InputError(_together(problems), f"{many}{_known(model)}:")
    return examples


def _together(problems: Sequence[Problem]) -> list[Problem]:
    """One for all rows of which the same is to be said: data for another model have the same in hundreds."""
    places: dict[str, list[str]] = {}
    for problem in problems:
        places.setdefault(problem.what, []).append(problem.where)
    return [Problem(first_few(found, ROWS), what) for what, found in places.items()]


def _known(model: Model) -> str:
    """The classes that a model knows, if it knows any, as an error names them."""
    labels = [repr(model.task.say(label)) for label in model.task.describe().get("labels") or ()]
    return f", which knows {first_few(labels, CLASSES)}" if labels else ""


def judged(model: Model, computed: Computed) -> Judged:
    """What the outputs for examples with targets are worth."""
    task = model.task
    outputs = task.calibrated(computed.outputs, model.calibration)
    encoded = task.encode(list(computed.examples.targets or []))
    return Judged(task.metrics(outputs, encoded), task.by_class(outputs, encoded, model.calibration))
