"""The evidence of an extended model: its result, findings, report and card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from headstart.core.results import ExampleCounts, FitResult, RungResult, Seconds
from headstart.core.spec import DEFAULT_BUDGET, FitSpec
from headstart.data.checks import Checked
from headstart.delivery.artifact import Model
from headstart.delivery.card import model_card
from headstart.delivery.guard import Guard
from headstart.delivery.provenance import DATA, with_more_examples
from headstart.delivery.report.evidence import Bin, Mistake, ReportEvidence, Sample
from headstart.delivery.report.page import render
from headstart.experiment.extension.asked import Asked
from headstart.experiment.extension.result import Extension, HeldOut
from headstart.experiment.extension.words import NAME, findings, headline, next_step, say
from headstart.experiment.facts import caution, facts
from headstart.experiment.presentation.evidence import SHOWN_CLASSES, SHOWN_MISTAKES, SHOWN_SAMPLES
from headstart.experiment.presentation.showing import cases, few_of_each, fragments, truths_of
from headstart.experiment.replaying import Remembered
from headstart.experiment.words import baseline, title
from headstart.model.calibration import reliability
from headstart.model.network import Network
from headstart.tasks.base import Task


@dataclass
class Extended:
    """A network to which classes were added, and all that is known of it.

    ``judged`` are the held-out examples, old and new, and ``after`` what the network says of them, calibrated;
    ``learnt`` are those that its head was solved on. ``relabelled`` names examples of new classes that the old model
    had met under one of its own.
    """

    network: Network
    task: Task
    calibration: dict[str, float]
    guard: Guard | None
    after: HeldOut
    judged: Remembered
    learnt: Remembered
    checked: Checked
    extension: Extension
    relabelled: Sequence[str]


def write_evidence(made: Extended, old: Model, asked: Asked) -> Model:
    """The model with its result, findings, provenance, report and card."""
    model = Model(
        network=made.network,
        task=made.task,
        modality=old.modality,
        calibration=made.calibration,
        result=_result(made, old, asked),
        columns=dict(old.columns),
        provenance=with_more_examples(old.provenance, made.checked, asked.seed),
        guard=made.guard,
        device=old.device,
        engine=old.engine,
        quiet=old.quiet,
    )
    model.report = render(_for_report(model, made, asked))
    known = facts(model, FitSpec(asked.data), made.checked)
    known |= {"title": f"{known['title']}, added to a model", "data": model.provenance[DATA]}
    model.card = model_card(model.result, known, made.task.higher_is_better)
    return model


def _result(made: Extended, old: Model, asked: Asked) -> FitResult:
    extension, after = made.extension, made.after
    rung = RungResult(
        NAME,
        old.result.chosen,
        len(made.network.backbone.stages()),
        0.0,
        extension.seconds,
        sum(parameter.numel() for parameter in made.network.head.parameters()),
        extension.both.figures,
        kept=True,
        reason=f"a head solved anew on {_learnt(extension, asked)}",
    )
    return FitResult(
        task=made.task.name,
        backbone=old.result.backbone,
        chosen=NAME,
        seed=asked.seed,
        rungs=[rung],
        stopped_because="classes were added to a finished model",
        test=made.task.metrics(after.outputs, after.encoded),
        by_class=made.task.by_class(after.outputs, after.encoded, made.calibration),
        seconds=Seconds(total=extension.seconds),
        examples=ExampleCounts(len(made.learnt), 0, len(after), len(made.checked.set_aside)),
        findings=findings(extension, made.relabelled, _unjudged(made)),
        extension=extension.to_json(),
    )


def _unjudged(made: Extended) -> list[str]:
    judged = set(map(str, made.judged.targets))
    return [str(label) for label in made.extension.added if str(label) not in judged]


def _for_report(model: Model, made: Extended, asked: Asked) -> ReportEvidence:
    task, outputs, encoded = made.task, made.after.outputs, made.after.encoded
    truths = [task.say(target) for target in made.judged.targets]
    wrong = task.mistakes(outputs, encoded)
    evidence_cases = cases(task, list(made.judged.ids), truths, outputs, encoded)
    mistakes = _mistakes(made, wrong, truths)
    samples = _samples(made)
    wanted = [*(each.id for each in mistakes), *(each.id for each in samples), *(each.id for each in evidence_cases)]
    shown = fragments(made.checked, wanted, DEFAULT_BUDGET)
    confidence = task.decode(outputs, {}).probability
    return ReportEvidence(
        result=model.result,
        watched=task.watched,
        higher_is_better=task.higher_is_better,
        headline=headline(made.extension),
        caution=caution(made.checked.examples, model.labels),
        title=f"{title(asked.data)}, added to a model",
        baseline=baseline(task, list(made.judged.targets)),
        next_step=next_step(made.extension),
        confusion=task.confusion(outputs, encoded),
        per_label=task.per_label(outputs, encoded),
        cases=evidence_cases,
        mistakes=mistakes,
        reliability=[Bin(*point) for point in reliability(np.array(confidence), wrong == 0)],
        data_summary=task.summary(list(made.learnt.targets)),
        samples=samples,
        shown=shown,
        truths=truths_of(task, made.checked.examples, shown),
        extension=say(made.extension),
        settings=_settings(made.extension, asked),
        provenance={name: str(value) for name, value in model.provenance.items()},
        repeat=asked.repeat(),
    )


def _learnt(extension: Extension, asked: Asked) -> str:
    """``120 old examples (the guard of the model) and 30 new ones``."""
    return f"{extension.learnt_old:,} old examples ({asked.old_source}) and {extension.learnt_new:,} new ones"


def _settings(extension: Extension, asked: Asked) -> dict[str, str]:
    return {"head solved on": _learnt(extension, asked), "classes added": ", ".join(map(str, extension.added))}


def _mistakes(made: Extended, wrong: np.ndarray, truths: Sequence[str]) -> list[Mistake]:
    columns = made.task.decode(made.after.outputs, {}).columns
    worst = [i for i in np.argsort(-wrong, kind="stable")[:SHOWN_MISTAKES] if wrong[i] > 0]
    return [
        Mistake(made.judged.ids[i], truths[i], made.task.say(columns["label"][i]), columns["probability"][i])
        for i in worst
    ]


def _samples(made: Extended) -> list[Sample]:
    strata = made.task.strata(list(made.learnt.targets))
    return [Sample(strata[i], made.learnt.ids[i]) for i in few_of_each(strata, SHOWN_SAMPLES, SHOWN_CLASSES)]
