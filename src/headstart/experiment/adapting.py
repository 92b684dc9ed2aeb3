"""Adapts a finished model to new inputs that nobody has labelled, and keeps the adaptation only if it is safe."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from headstart.adaptations import ADAPTATIONS
from headstart.adaptations.base import Adaptation, Adapted, Domains
from headstart.core.errors import InputError, UsageError
from headstart.core.progress import Progress
from headstart.core.results import Finding
from headstart.data.modalities import MODALITIES
from headstart.delivery.artifact import Model, load
from headstart.delivery.comparing import Comparison, check_enough, compare, finding_json
from headstart.delivery.guard import Observed
from headstart.experiment.adaptation_choice import Choice, Tried, choose, judged
from headstart.experiment.adaptation_domains import Labelled, domains_of, given_labels
from headstart.experiment.adaptation_labels import choose_by_labels
from headstart.experiment.adapted_model import adapted_model, as_it_was
from headstart.experiment.unfinished import check_out

SOURCE = "source model"
ALL = "all"
"""Every adaptation."""

SHALLOW = 2
"""Adaptations of at most this depth leave the backbone as it is."""


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
    findings : what a person should know: the mismatch, classes that hardly appear.
    """

    model: Model
    method: str
    reason: str
    comparison: Comparison
    tried: list[Tried]
    left_out: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

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
            "findings": [finding_json(finding) for finding in self.findings],
        }


@dataclass(frozen=True)
class Wish:
    """What is asked for.

    ``sources`` : further labelled examples of the old domains. ``labels_for`` : a table of a few labels of the new
    inputs. ``methods`` : adaptations to try; empty for the default. ``deep`` : also those that train the backbone.
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
    methods : names of adaptations to try, or ``["all"]``.
    deep : try also those that train the backbone, which takes minutes.

    Raises
    ------
    UsageError : the task has no classes, the model folder no guard, or there is no such adaptation.
    InputError : data, sources or labels cannot be read, or are too few.
    """
    if out is not None:
        check_out(Path(out))
    model = model if isinstance(model, Model) else load(model, device)
    model.quiet = quiet
    sources = list(source) if isinstance(source, list | tuple) else [source]
    adaption = carry_out(model, Wish(data, input, sources, labels_for, methods, deep, seed), Progress(quiet))
    if out is not None:
        adaption.model.save(Path(out))
    return adaption


def carry_out(model: Model, wish: Wish, progress: Progress) -> Adaption:
    """Adapt `model` as asked."""
    adaptations = asked_for(wish)
    _check(model)
    examples = model.examples(wish.data, wish.input)
    check_enough(len(examples))
    observed = model.observed(examples)
    progress.say(f"Read {len(observed.new.ids)} new {_noun(model)}.")
    labelled = given_labels(wish.labels_for, observed, model.task) if wish.labels_for is not None else None
    return adapted_to(model, observed, wish, adaptations, labelled, progress)


def adapted_to(
    model: Model,
    observed: Observed,
    wish: Wish,
    adaptations: dict[str, Adaptation],
    labelled: Labelled | None,
    progress: Progress,
) -> Adaption:
    """Compare, try, and decide, once the new inputs were `observed`."""
    comparison = compare(model.task, model.calibration, model.needed_guard, observed.new, _noun(model), wish.seed)
    if not comparison.declared and labelled is None:
        reason = (
            f"no difference between the new and the old {_noun(model)} was found (p = {_p_value(comparison):.2f}), "
            "so the model is left as it is"
        )
        return Adaption(as_it_was(model, reason), "", reason, comparison, [], {}, comparison.findings)
    progress.say(
        f"They differ from the old ones: told apart with an area under the ROC curve of {comparison.auc:.2f} "
        f"(p = {_p_value(comparison):.3f})."
    )
    deep = any(one.depth > SHALLOW for one in adaptations.values())
    domains = domains_of(model, observed, replace(wish, deep=deep), labelled, progress)
    tried, left_out = _tried(domains, adaptations, progress)
    choice = choose_by_labels(domains, tried, adaptations) if labelled is not None else choose(domains, tried)
    progress.say(f"{'Kept: ' + choice.name if choice.adapted else 'Kept the source model'}: {choice.reason}.")
    return _adaption(model, domains, observed, comparison, tried, left_out, choice)


def _adaption(
    model: Model,
    domains: Domains,
    observed: Observed,
    comparison: Comparison,
    tried: list[Tried],
    left_out: dict[str, str],
    choice: Choice,
) -> Adaption:
    findings = [*comparison.findings, *choice.findings]
    choice = replace(choice, findings=findings)
    if choice.adapted is None:
        return Adaption(
            as_it_was(model, choice.reason, findings), "", choice.reason, comparison, tried, left_out, findings
        )
    made = adapted_model(model, domains, observed, choice, tried, left_out)
    return Adaption(made, choice.name, choice.reason, comparison, tried, left_out, findings)


def _tried(
    domains: Domains, adaptations: dict[str, Adaptation], progress: Progress
) -> tuple[list[Tried], dict[str, str]]:
    """The source model and every adaptation that can be tried, judged; the others with what they lack."""
    before = Adapted(domains.network, domains.target, domains.outputs, domains.source)
    tried, left_out = [judged(SOURCE, "leaves everything as it is", domains, before, 0, 0.0)], {}
    for name, adaptation in adaptations.items():
        if missing := adaptation.missing(domains):
            left_out[name] = missing
            continue
        start = time.perf_counter()
        made = adaptation.adapt(domains)
        seconds = time.perf_counter() - start
        tried.append(judged(name, adaptation.summary, domains, made, adaptation.depth, seconds))
        progress.say(f"  tried {name}: it {adaptation.summary} ({seconds:.1f} s)")
    return tried, left_out


def asked_for(wish: Wish) -> dict[str, Adaptation]:
    """The adaptations to try, the shallow before the deep.

    Those named, or all; else the few that validators can be trusted to judge, and, where a few labels choose, all
    that leave the backbone as it is; with ``deep`` also those that train it.
    """
    names = ADAPTATIONS.names() if ALL in wish.methods else wish.methods
    made: dict[str, Adaptation] = {name: ADAPTATIONS.load(name)() for name in names or ADAPTATIONS.names()}
    if not names:
        chosen = wish.labels_for is not None
        made = {
            name: one
            for name, one in made.items()
            if one.by_default or (wish.deep if one.depth > SHALLOW else chosen)
        }
    return dict(sorted(made.items(), key=lambda each: each[1].depth))


def _check(model: Model) -> None:
    guard = model.needed_guard
    if not len(guard.classes):
        raise UsageError(
            f"A model for {model.task.name} predicts a {model.task.noun}; only models that give each input one class "
            "can be adapted without labels."
        )
    if len(np.unique(guard.classes)) < 2:
        raise InputError("The guard of this model holds examples of one class only; fit it anew to adapt it.")


def _noun(model: Model) -> str:
    return MODALITIES.load(model.modality)().noun


def _p_value(comparison: Comparison) -> float:
    return max(comparison.p_value, comparison.mmd_p_value)
