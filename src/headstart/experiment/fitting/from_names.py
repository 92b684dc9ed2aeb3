"""A model from the names of its classes alone: no example is labelled, and none is learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from headstart.backbones.base import Backbone, Named, collate
from headstart.core.device import choose_device
from headstart.core.engine_choice import EngineChoice
from headstart.core.errors import UsageError
from headstart.core.names import Name, meaningless
from headstart.core.progress import Progress
from headstart.core.registry import plug_in_name
from headstart.core.results import ExampleCounts, Finding, FitResult, FromNames, RungResult, Seconds
from headstart.core.spec import FitSpec
from headstart.core.timing import Stopwatch
from headstart.data.checks import Checked, check
from headstart.data.examples import Examples
from headstart.data.modalities import MODALITIES
from headstart.delivery.artifact import Model
from headstart.delivery.card import model_card
from headstart.delivery.guard import chosen_depths
from headstart.delivery.inference import Inference
from headstart.delivery.provenance import PROMPTS, provenance_of
from headstart.delivery.report.evidence import ReportEvidence
from headstart.delivery.report.page import render
from headstart.delivery.unlabelled_guard import FEWEST_UNLABELLED, guard_without_targets
from headstart.experiment.choosing import choose_strategies
from headstart.experiment.facts import facts
from headstart.experiment.fitting.naming import choose_reader_of_names, refuse_what_needs_labels
from headstart.experiment.looks import KeptLooks
from headstart.experiment.replaying import computing
from headstart.experiment.words import UNMEASURED, headline, next_step, repeat, title
from headstart.frozen.holdings import store_folder
from headstart.frozen.store import FrontierStore
from headstart.strategies._named_head import named_network
from headstart.strategies.base import Strategy
from headstart.tasks import task_of_names
from headstart.tasks.base import Task

MOST_LOOKED_AT = 2000
"""Unlabelled inputs that are looked at: enough to tell what is usual, and how the answers are spread."""

OF_WHAT_IS_LEFT = 0.5
"""Share of what is left of the budget that looking at them may take, by the time of the first few."""

NAMED = 5
"""Names without a meaning that a finding shows."""


@dataclass(frozen=True)
class Looked:
    """What a network makes of unlabelled inputs: features (N, D) by depth, and outputs (N, C); by which engines."""

    ids: list[str]
    features: dict[str, Tensor]
    outputs: Tensor
    engines: Sequence[EngineChoice] = ()

    def __add__(self, more: Looked) -> Looked:
        features = {name: torch.cat([each, more.features[name]]) for name, each in self.features.items()}
        return Looked([*self.ids, *more.ids], features, torch.cat([self.outputs, more.outputs]))


def fit_from_names(spec: FitSpec, examples: Examples, stopwatch: Stopwatch, progress: Progress) -> Model:
    """The model that the names make, its guard made from the unlabelled `examples`; written where that is asked for.

    Raises
    ------
    UsageError : no backbone at hand knows words, or what was asked for needs labelled examples.
    InputError : more than a tenth of the inputs cannot be read.
    """
    refuse_what_needs_labels(spec)
    modality = MODALITIES.load(examples.modality)()
    progress.say(
        f"Read {len(examples)} {modality.noun} from {examples.source}. None has one of the {len(spec.labels)} "
        "labels, so the names alone tell them apart (zero-shot)."
    )
    for note in examples.notes:
        progress.say(f"  note: {note}")
    task = task_of_names(spec.labels, spec.task).framed((), spec.frame, choose_device(spec.device).type)
    backbone = choose_reader_of_names(spec, examples.modality, progress)
    strategy, named = _told(choose_strategies(spec.strategy), backbone, task)
    looks = KeptLooks(FrontierStore(store_folder()) if spec.store else None, modality)
    checked = check(examples, modality, progress, looks, stopwatch)
    model = _model(named, task, examples, spec.device, spec.engine, progress.quiet)
    looked, seconds = _look(model, checked.examples, spec, stopwatch, progress)
    model.guard = guard_without_targets(looked.features, looked.ids, looked.outputs)
    model.result = _result(spec, model, strategy, named, looked, checked, seconds, stopwatch)
    model.provenance = provenance_of(named.backbone.card, checked, spec.seed, named.prompts)
    model.report = render(_evidence(model, spec, task))
    model.card = model_card(model.result, facts(model, spec, checked), task.higher_is_better)
    if spec.out is not None:
        model.save(spec.out)
    return model


def model_from_names(backbone: Backbone, names: Sequence[Name], device: str = "auto", quiet: bool = True) -> Model:
    """A model in memory that tells inputs apart by `names`; without a guard, for it has seen no input.

    Raises
    ------
    UsageError : the backbone knows no words.
    """
    task = task_of_names(names)
    _, named = _told(choose_strategies(None), backbone, task)
    none = Examples(backbone.card.modality, [], [])
    model = _model(named, task, none, device, "auto", quiet)
    model.provenance = {PROMPTS: list(named.prompts)}
    return model


def _told(strategies: Sequence[Strategy], backbone: Backbone, task: Task) -> tuple[Strategy, Named]:
    """The first strategy that needs no example, and what it makes of the names."""
    for strategy in strategies:
        if (named := strategy.from_names(backbone, task)) is not None:
            return strategy, named
    raise UsageError(
        f"{plug_in_name(type(strategies[0]))} learns from examples, and none has one of the labels. "
        "Leave --strategy out, or hand over examples with labels."
    )


def _model(named: Named, task: Task, examples: Examples, device: str, engine: str, quiet: bool) -> Model:
    result = FitResult(task.name, named.backbone.card.name, "", 0, [], "", None, Seconds(), ExampleCounts())
    network = named_network(named).requires_grad_(False).eval()
    columns = {role: name for role, name in examples.columns.items() if role == "input"}
    return Model(
        network, task, named.backbone.card.modality, {}, result, columns, device=device, quiet=quiet, engine=engine
    )


def _look(
    model: Model, examples: Examples, spec: FitSpec, stopwatch: Stopwatch, progress: Progress
) -> tuple[Looked, float]:
    """What the network makes of some of the inputs, drawn at random, and the seconds it took.

    By the time of the first few, which the guard needs, it is told how many more the budget allows.
    """
    before = stopwatch.total
    order = np.random.default_rng(spec.seed).permutation(len(examples))[:MOST_LOOKED_AT]
    modality, backbone = MODALITIES.load(model.modality)(), model.network.backbone
    with stopwatch.lap("forward"):
        with torch.inference_mode():
            one = collate([backbone.preprocess(modality.decode(examples.references[order[0]]))])
            depths = chosen_depths(list(backbone.depth_features(one)))
        with computing(model, depths, Progress(model.quiet)) as inference:
            began = stopwatch.total
            looked = _seen(inference, examples.select(np.sort(order[:FEWEST_UNLABELLED]).tolist()), depths)
            each = (stopwatch.total - began) / len(looked.ids)
            allowed = len(looked.ids) + OF_WHAT_IS_LEFT * max(0.0, spec.budget - stopwatch.total) / each
            rest = order[FEWEST_UNLABELLED : int(min(len(order), allowed))]
            if len(rest):
                looked += _seen(inference, examples.select(np.sort(rest).tolist()), depths)
            looked = replace(looked, engines=inference.engines)
    if len(order) > allowed:
        progress.say(f"  {len(looked.ids):,} of {len(examples):,} inputs are looked at; more take a larger --budget")
    return looked, stopwatch.total - before


def _seen(inference: Inference, examples: Examples, depths: Sequence[str]) -> Looked:
    """What the network makes of these inputs."""
    seen = inference.run(examples, lambda features: {name: features[name].cpu() for name in depths})
    features = {name: torch.cat([part[name] for part in seen.looked]) for name in depths}
    return Looked(list(seen.examples.ids), features, seen.outputs.cpu())


def _result(
    spec: FitSpec, model: Model, strategy: Strategy, named: Named, looked: Looked, checked: Checked,
    seconds: float, stopwatch: Stopwatch,
) -> FitResult:  # fmt: skip
    task = model.task
    rung = strategy.rungs(named.backbone, task, 0)[0]
    kept = RungResult(
        rung.name, rung.strategy, rung.freeze_depth, seconds, seconds, 0, kept=True,
        reason="the names alone; nothing was learnt, for no example has a label",
    )  # fmt: skip
    laps = stopwatch.laps
    return FitResult(
        task=task.name,
        backbone=named.backbone.card.name,
        chosen=rung.name,
        seed=spec.seed,
        rungs=[kept],
        stopped_because="no example has a label to learn from",
        test=None,
        seconds=Seconds(laps["decode"], laps["forward"], laps["train"], stopwatch.total),
        examples=ExampleCounts(set_aside=len(checked.set_aside)),
        from_names=_answers(task, named, looked.outputs),
        findings=_findings(spec.labels),
        engines=list(looked.engines),
    )


def _findings(names: Sequence[Name]) -> list[Finding]:
    """A warning of names that say nothing: what is told apart by them is told apart by chance."""
    if not (mute := meaningless(names)):
        return []
    what = f"{', '.join(map(repr, mute[:NAMED]))}{' …' if len(mute) > NAMED else ''}"
    step = "Say what they mean: --labels FILE, with the columns name and description."
    summary = f"{len(mute)} of {len(names)} names mean nothing ({what}): answers that hang on them are arbitrary."
    return [Finding("names", "warning", summary, next_step=step)]


def _answers(task: Task, named: Named, outputs: Tensor) -> FromNames:
    """How the answers to unlabelled inputs are spread, and how sure they sound."""
    probable = np.sort(task.probabilities(outputs, {}), axis=1)
    said = [task.say(label) for label in task.decode(outputs, {}).columns["label"]]
    counted = {label: said.count(label) / len(said) for label in map(task.say, task.describe()["labels"])}
    shares = dict(sorted(counted.items(), key=lambda item: -item[1]))
    margin = float((probable[:, -1] - probable[:, -2]).mean())
    return FromNames(list(named.prompts), len(said), shares, float(probable[:, -1].mean()), margin)


def _evidence(model: Model, spec: FitSpec, task: Task) -> ReportEvidence:
    """What the report can say where nothing was measured."""
    told = model.result.from_names
    counted = [(label, round(share * told.looked_at)) for label, share in told.shares.items()] if told else []
    return ReportEvidence(
        result=model.result,
        watched=task.watched,
        higher_is_better=task.higher_is_better,
        headline=headline(model, UNMEASURED),
        title=title(spec.data),
        measured_on=UNMEASURED,
        next_step=next_step(model, spec),
        answered=counted,
        provenance={name: str(value) for name, value in model.provenance.items()},
        repeat=repeat(spec, model.result.backbone),
    )
