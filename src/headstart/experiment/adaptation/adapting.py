"""Adapts a finished model to new inputs that nobody has labelled, and keeps the adaptation only if it is safe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from headstart.adaptations.base import Domains
from headstart.core.errors import InputError, UsageError
from headstart.core.out_folders import check_out
from headstart.core.progress import Progress
from headstart.core.results import Finding
from headstart.core.spec import DEFAULT_BUDGET
from headstart.core.timing import Stopwatch, in_seconds
from headstart.data.examples import Examples
from headstart.data.modalities import MODALITIES
from headstart.delivery.artifact import Model, load
from headstart.delivery.comparing import Comparison, check_enough, compare
from headstart.experiment.adaptation.adapted_model import adapted_model, as_it_was
from headstart.experiment.adaptation.choice import Choice, Tried, choose
from headstart.experiment.adaptation.clock import Clock
from headstart.experiment.adaptation.domains import (
    Labelled,
    domains_of,
    given_labels,
    labelled_source,
    table_of_labels,
)
from headstart.experiment.adaptation.inputs import NewInputs, seen_at_depths
from headstart.experiment.adaptation.labels import choose_by_labels
from headstart.experiment.adaptation.methods import SHALLOW, Way, asked_for
from headstart.experiment.adaptation.trying import SOURCE, Trials, try_all


@dataclass(frozen=True)
class Adaption:
    """What became of a model and new inputs.

    Attributes
    ----------
    model : usable in any case: the adapted one, or the source model where nothing was kept.
    method : the adaptation that was kept; empty where none was. reason : why, as a sentence.
    comparison : how the new inputs differ from the old ones.
    tried : each candidate with the figures of the validators, the source model first.
    left_out : adaptations that could not be tried, by name, and why.
    not_tried : those for which there was no time, by name, and why.
    findings : what a person should know: the mismatch, classes that hardly appear.
    seconds : what all of it took.
    """

    model: Model
    method: str
    reason: str
    comparison: Comparison
    tried: list[Tried]
    left_out: dict[str, str] = field(default_factory=dict)
    not_tried: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def kept(self) -> bool:
        """Whether an adaptation was kept."""
        return bool(self.method)

    def to_json(self) -> dict[str, Any]:
        """The published object of ``adapt --json``."""
        kept = next((one for one in self.tried if one.name == (self.method or SOURCE)), None)
        return {
            "method": self.method or None,
            "kept": self.kept,
            "mismatch": {"found": self.comparison.declared, **self.comparison.to_json()["mismatch"]},
            "validators": dict(kept.figures) if kept else {},
            "tried": [one.to_json() for one in self.tried],
            "reason": self.reason,
            "left_out": self.left_out,
            "not_tried": self.not_tried,
            "findings": [finding.to_json() for finding in self.findings],
            "seconds": round(self.seconds, 2),
        }


@dataclass(frozen=True)
class Wish:
    """What is asked for.

    ``sources`` : further labelled examples of the old domains. ``labels_for`` : a table of a few labels of the new
    inputs. ``methods`` : adaptations to try, by name and settings; empty for the default. ``deep`` : also those that
    train the backbone.
    """

    data: Any
    input: str | None = None
    sources: Sequence[Any] = ()
    labels_for: Any = None
    methods: Sequence[str] = ()
    deep: bool = False
    seed: int = 0


def adapt(
    model: Model | str | Path,
    data: Any,
    *,
    out: str | Path | None = None,
    input: str | None = None,
    source: Any = (),
    labels_for: Any = None,
    methods: Sequence[str] = (),
    deep: bool = False,
    budget: str | float = DEFAULT_BUDGET,
    seed: int = 0,
    device: str = "auto",
    quiet: bool = False,
) -> Adaption:
    """Adapt `model`, a model or its folder, to new inputs without labels.

    Whether there is a mismatch at all is tested first. Then adaptations are tried from shallow to deep, each is
    judged by several validators that need no labels, and one is kept only if they agree that it is better than the
    source model.

    Parameters
    ----------
    data : a folder, a table, or a list of inputs, ten at least and better some hundreds; labels in it are not read.
    out : where to write the model folder, which always holds a usable model; None writes nothing.
    input : the column of a table; without it the one of training, or one that is found.
    source : labelled examples of the old domain, or a list of several such sources. Without any, what the model
        keeps of its training examples stands in, which is enough for all that leaves the backbone as it is.
    labels_for : a table with the columns ``id`` and ``label`` for a few of the new inputs; they choose and teach.
    methods : names of adaptations to try, each perhaps with settings, ``name:setting=value``, or ``["all"]``.
    deep : try also those that train the backbone, which takes minutes.
    budget : the time it may take, in seconds or as ``"4m"``; adaptations are tried while some is left.

    Raises
    ------
    UsageError : the task has no classes, the model folder no guard, or there is no such adaptation.
    InputError : data, sources or labels cannot be read, or are too few.
    """
    clock = Clock(Stopwatch(), in_seconds(budget))
    if not clock.budget > 0:
        raise UsageError(f"The budget must be positive, got {clock.budget:g} seconds.")
    if out is not None:
        check_out(Path(out))
    model = model if isinstance(model, Model) else load(model, device)
    model.quiet = quiet
    sources = list(source) if isinstance(source, list | tuple) else [source]
    wish = Wish(data, input, sources, labels_for, methods, deep, seed)
    adaption = carry_out(model, wish, clock, Progress(quiet))
    if out is not None:
        adaption.model.save(Path(out))
    return replace(adaption, seconds=clock.stopwatch.total)


def carry_out(model: Model, wish: Wish, clock: Clock, progress: Progress) -> Adaption:
    """Adapt `model` as asked."""
    ways = asked_for(wish.methods, wish.deep, wish.labels_for is not None)
    _check(model)
    examples = model.examples(wish.data, wish.input)
    check_enough(len(examples))
    sources = [labelled_source(model, given, wish.input) for given in wish.sources]
    table = table_of_labels(wish.labels_for) if wish.labels_for is not None else None
    new = seen_at_depths(model, examples, progress)
    progress.say(f"Read {len(new.observed.new.ids)} new {_noun(model)}.")
    labelled = given_labels(table, wish.labels_for, new.observed, model.task) if table is not None else None
    return adapted_to(model, new, wish, ways, labelled, clock, progress, sources)


def adapted_to(
    model: Model,
    new: NewInputs,
    wish: Wish,
    ways: dict[str, Way],
    labelled: Labelled | None,
    clock: Clock,
    progress: Progress,
    sources: Sequence[Examples] = (),
) -> Adaption:
    """Compare, try, and decide, once it was seen what the `new` inputs are like and further `sources` were read."""
    seen = new.observed.new
    comparison = compare(model.task, model.calibration, model.needed_guard, seen, _noun(model), wish.seed)
    if not comparison.declared and labelled is None:
        reason = (
            f"no difference between the new and the old {_noun(model)} was found (p = {_p_value(comparison):.2f}), "
            "so the model is left as it is"
        )
        findings = comparison.findings
        return Adaption(as_it_was(model, reason, findings), "", reason, comparison, [], findings=findings)
    progress.say(
        f"They differ from the old ones: told apart with an area under the ROC curve of {comparison.auc:.2f} "
        f"(p = {_p_value(comparison):.3f})."
    )
    deep = any(way.adaptation.depth > SHALLOW for way in ways.values())
    domains = domains_of(model, new, replace(wish, deep=deep), labelled, clock, progress, sources)
    trials = try_all(domains, ways, labelled is None and not wish.methods, clock, progress)
    adaptations = {name: way.adaptation for name, way in ways.items()}
    if labelled is not None:
        choice = choose_by_labels(domains, trials.tried, adaptations)
    else:
        choice = choose(domains, trials.tried)
    note = f"; it {choice.adapted.note}" if choice.adapted and choice.adapted.note else ""
    choice = replace(choice, reason=choice.reason + note + trials.for_want_of_time())
    progress.say(f"{'Kept: ' + choice.name if choice.adapted else 'Kept the source model'}: {choice.reason}.")
    return _adaption(model, domains, new, comparison, trials, choice)


def _adaption(
    model: Model, domains: Domains, new: NewInputs, comparison: Comparison, trials: Trials, choice: Choice
) -> Adaption:
    findings = [*comparison.findings, *choice.findings]
    choice = replace(choice, findings=findings)
    if choice.adapted is None:
        made = as_it_was(model, choice.reason, findings)
    else:
        lacking = {**trials.left_out, **trials.not_tried}
        made = adapted_model(model, domains, new, choice, trials.tried, lacking)
    return Adaption(
        made, choice.name, choice.reason, comparison, trials.tried, trials.left_out, trials.not_tried, findings
    )


def _check(model: Model) -> None:
    guard = model.needed_guard
    if not len(guard.classes) and model.result.from_names:
        raise UsageError(
            "This model was made from the names of its classes alone: it keeps no labelled examples that could stand "
            "for its source. Fit one on a few labelled examples first, and adapt that."
        )
    if not len(guard.classes):
        raise UsageError(
            f"A model for {model.task.name} predicts {model.task.predicted()}; only models that give each input one "
            "class can be adapted without labels."
        )
    if len(np.unique(guard.classes)) < 2:
        raise InputError("The guard of this model holds examples of one class only; fit it anew to adapt it.")


def _noun(model: Model) -> str:
    return MODALITIES.load(model.modality)().noun


def _p_value(comparison: Comparison) -> float:
    return max(comparison.p_value, comparison.mmd_p_value)
