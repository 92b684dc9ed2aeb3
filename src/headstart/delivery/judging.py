"""Judges a model on examples with targets: figures with intervals, and of each class against the rest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from headstart.core.by_class import ByClass
from headstart.core.errors import InputError
from headstart.core.results import Figures, figures_json
from headstart.data.examples import Examples
from headstart.data.several_sources import by_name

if TYPE_CHECKING:
    from headstart.delivery.artifact import Model
    from headstart.delivery.inference import Computed


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
    InputError : a target is missing or unknown; all such rows are named.
    """
    if model.task.parts(model.task.encode([]))[0].name:  # of several targets a table may hold one
        examples = replace(examples, targets=by_name(examples))
    if problems := model.task.problems(examples.ids, list(examples.targets or [])):
        raise InputError(problems, f"{len(problems)} targets do not fit this model:")
    return examples


def judged(model: Model, computed: Computed) -> Judged:
    """What the outputs for examples with targets are worth."""
    task = model.task
    outputs = task.calibrated(computed.outputs, model.calibration)
    encoded = task.encode(list(computed.examples.targets or []))
    return Judged(task.metrics(outputs, encoded), task.by_class(outputs, encoded, model.calibration))
