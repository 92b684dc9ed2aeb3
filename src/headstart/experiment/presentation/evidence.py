"""Gathers the evidence of a finished fit: findings, the report and the model card."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from headstart.core.judged import OUT_OF_FOLD
from headstart.core.timing import say_duration
from headstart.delivery.artifact import Model
from headstart.delivery.card import model_card
from headstart.delivery.provenance import provenance_of
from headstart.delivery.report.evidence import Alternative, Bin, Mistake, ReportEvidence, Sample
from headstart.delivery.report.page import render
from headstart.diagnosis.base import Evidence
from headstart.diagnosis.transfer_gain import on_enough, without
from headstart.experiment import keeping
from headstart.experiment.choosing import choose_strategies
from headstart.experiment.facts import caution, facts
from headstart.experiment.presentation.drawing import drawn_answers
from headstart.experiment.presentation.drawing_boxes import boxed_answers
from headstart.experiment.presentation.explaining_places import places_to_explain
from headstart.experiment.presentation.label_rows import label_rows
from headstart.experiment.presentation.outcome import Outcome
from headstart.experiment.presentation.reasons import SHARE as FOR_REASONS
from headstart.experiment.presentation.reasons import Candidate, Reasons, reasons_for, worth_explaining
from headstart.experiment.presentation.showing import cases, few_of_each, fragments, named_by, truths_of
from headstart.experiment.presentation.target_lines import target_lines
from headstart.experiment.words import baseline, headline, next_step, repeat, title
from headstart.model.calibration import reliability
from headstart.tasks.base import Part, Task

OF_THE_FIT = 0.05
"""Share of the seconds of a fit that explanations may take beyond them."""

FOR_THE_FIRST = 15.0
"""Seconds that the first two may take, however soon the fit is over: one wrong and one right prediction."""

SHOWN_MISTAKES = 24
SHOWN_SAMPLES = 3
SHOWN_CLASSES = 12
SHOWN_SET_ASIDE = 50


def add_evidence(model: Model, outcome: Outcome, reasons: Reasons) -> None:
    """Fill in the model's findings, provenance, report and card; gathering them counts among the fit's seconds."""
    start = time.perf_counter()
    model.result.findings = outcome.examination.findings(_for_diagnoses(model, outcome))
    if outcome.old_task:
        model.result.forgetting = outcome.old_task.to_json()
        model.result.findings.append(keeping.finding(outcome.old_task))
    prompts = [prompt for strategy in choose_strategies(outcome.spec.strategy) for prompt in strategy.prompts]
    model.provenance = provenance_of(model.network.backbone.card, outcome.checked, outcome.spec.seed, prompts)
    evidence = _for_report(model, outcome, reasons)
    model.result.seconds.total += time.perf_counter() - start
    model.report = render(replace(evidence, settings=_settings(model, outcome)))
    told = facts(model, outcome.spec, outcome.checked)
    model.card = model_card(model.result, told, outcome.task.higher_is_better)


def _encoded(outcome: Outcome, name: str) -> Tensor:
    return outcome.task.encode(outcome.column(outcome.checked.examples.targets, name))


def _for_diagnoses(model: Model, outcome: Outcome) -> Evidence:
    """The evidence from before training, and how good the model is."""
    task = outcome.task
    tested = {"test": model.result.test} if model.result.test else {}  # opened and measured once
    others = {name: outputs for name, outputs in outcome.outputs.items() if name not in tested}
    figures = {name: task.metrics(outputs, _encoded(outcome, name)) for name, outputs in others.items()} | tested
    mistakes = {name: task.mistakes(outputs, _encoded(outcome, name)) for name, outputs in outcome.outputs.items()}
    kept = next(rung for rung in model.result.rungs if rung.name == model.result.chosen)
    return replace(
        outcome.before, figures={"train": outcome.learned, **figures}, mistakes=mistakes, epochs=kept.curve
    )


def reasons_of(model: Model, outcome: Outcome) -> Reasons:
    """Why some of the judged predictions are what they are, for the page.

    Channels come last meanwhile, as convolutions are fastest.
    """
    model.network.to(memory_format=torch.channels_last)
    try:
        seconds = _seconds_left(model, outcome)
        return reasons_for(model, _to_explain(outcome), *seconds, outcome.spec.seed, outcome.kept)
    finally:
        model.network.to(memory_format=torch.contiguous_format)


def _for_report(model: Model, outcome: Outcome, reasons: Reasons) -> ReportEvidence:
    """The evidence of the page, but for what was asked for."""
    task, judged, examples = outcome.task, outcome.judged, outcome.checked.examples
    outputs, encoded = outcome.outputs[judged], _encoded(outcome, judged)
    wrong = task.mistakes(outputs, encoded)
    evidence = ReportEvidence(
        result=model.result,
        watched=task.watched,
        higher_is_better=task.higher_is_better,
        headline=headline(model, judged),
        caution=caution(outcome.checked.examples, model.labels, outcome.spec.group),
        title=title(outcome.spec.data),
        measured_on=judged,
        baseline=baseline(task, outcome.column(examples.targets, judged)),
        next_step=next_step(model, outcome.spec),
        confusion=task.confusion(outputs, encoded),
        per_label=label_rows(task, outputs, encoded, model.result.by_class if judged == "test" else None),
        unit=task.unit,
        summed_up=task.summed_up,
        trade_offs=task.trade_offs(outputs, encoded),
        cases=cases(task, outcome.column(examples.ids, judged), _truths(outcome), outputs, encoded),
        mistakes=[] if task.reads_maps else _mistakes(outcome, outputs, wrong),
        drawn=drawn_answers(task, examples, outcome.rows(judged), outputs, encoded),
        colours=task.shown_in,
        boxed=boxed_answers(task, examples, outcome.rows(judged), outputs, encoded),
        reliability=_reliability(task, outputs, wrong) if not (parts := _parts(model, outcome)) else [],
        parts=parts,
        data_summary=task.summary(outcome.column(examples.targets, "train")),
        samples=_samples(outcome),
        gains=_alternatives(outcome.before),
        curve=outcome.before.curve,
        explained=reasons.explained,
        unexplained=" ".join([reasons.missing, *_which(parts)]).strip(),
        provenance={name: str(value) for name, value in model.provenance.items()},
        repeat=repeat(outcome.spec, model.result.backbone),
    )
    shown = fragments(outcome.checked, _wanted(evidence), outcome.spec.budget, outcome.spec.store)
    lines = target_lines(examples, shown)
    return replace(evidence, shown=shown, truths=truths_of(task, examples, shown), lines=lines)


def _alternatives(before: Evidence) -> list[Alternative]:
    """What the model was compared with."""
    return [
        Alternative(name, without(name, before), gain.figure, gain.difference, not on_enough(gain, before))
        for name, gain in before.gains.items()
    ]


def _wanted(evidence: ReportEvidence) -> Iterator[str]:
    """The ids of all examples that the page would show, the most important first."""
    for each in evidence.explained:
        yield each.id
        yield from (near.id for reason in each.reasons for near in reason.near)
    yield from (mistake.id for mistake in evidence.mistakes)
    yield from named_by(evidence.result.findings)
    yield from (sample.id for sample in evidence.samples)
    yield from (case.id for case in evidence.cases)


def _truths(outcome: Outcome) -> list[str]:
    """The judged examples' targets, as a person reads them."""
    return [outcome.task.say(t) for t in outcome.column(outcome.checked.examples.targets, outcome.judged)]


def _seconds_left(model: Model, outcome: Outcome) -> tuple[float, float]:
    """What explanations may take: a share of the budget, if the fit has left so much (a proof has one of its own).

    Nor may they take more than a share of what the fit took: one that is soon over stays so, but for the first two,
    which have the second figure, where the budget has so much left.
    """
    budget, taken = outcome.spec.budget, model.result.seconds.total
    left = (2 if outcome.spec.prove else 1) * budget - taken
    seconds = min(FOR_REASONS * budget, OF_THE_FIT * taken, left)
    return seconds, max(seconds, min(FOR_THE_FIRST, left))


def _to_explain(outcome: Outcome) -> list[Candidate]:
    outputs, encoded = outcome.outputs[outcome.judged], _encoded(outcome, outcome.judged)
    examples, rows, contents = outcome.checked.examples, outcome.rows(outcome.judged), outcome.checked.fingerprints
    if outcome.task.reads_maps:
        return places_to_explain(outcome.task, examples, rows, contents, outputs, encoded, outcome.spec.seed)
    wrong = outcome.task.mistakes(outputs, encoded)
    told, truths = outcome.task.decode(outputs, {}), _truths(outcome)
    said = [outcome.task.say(label) for label in told.columns["label"]]
    return [
        Candidate(
            examples.references[rows[i]], examples.ids[rows[i]], truths[i], said[i], not wrong[i],
            told.probability[i],
            contents[rows[i]],
        )
        for i in worth_explaining(wrong, said, outcome.spec.seed)
    ]  # fmt: skip


def _mistakes(outcome: Outcome, outputs: Tensor, wrong: np.ndarray) -> list[Mistake]:
    """The most confident first."""
    examples, rows = outcome.checked.examples, outcome.rows(outcome.judged)
    worst = [i for i in np.argsort(-wrong, kind="stable")[:SHOWN_MISTAKES] if wrong[i] > 0]
    told = outcome.task.decode(outputs, {})
    return [
        Mistake(
            id=examples.ids[rows[i]],
            truth=outcome.task.say((examples.targets or [])[rows[i]]),
            predicted=outcome.task.say(told.columns["label"][i]),
            probability=told.probability[i],
        )
        for i in worst
    ]


def _which(parts: Sequence[tuple[str, ReportEvidence]]) -> list[str]:
    """Which of several targets is explained."""
    return [f"Of the targets {parts[0][0]} is explained here: `headstart explain --target NAME`."] if parts else []


def _parts(model: Model, outcome: Outcome) -> list[tuple[str, ReportEvidence]]:
    """What is shown of each of several tasks, on the judged examples whose target is known; nothing of one alone."""
    outputs, judged = outcome.outputs[outcome.judged], outcome.judged
    parts = outcome.task.parts(_encoded(outcome, judged))
    return [(part.name, _part(model, part, outputs, judged)) for part in parts if part.name and len(part.rows)]


def _part(model: Model, part: Part, outputs: Tensor, judged: str) -> ReportEvidence:
    task, said, truth = part.task, outputs[part.rows][:, part.columns], part.encoded[part.rows]
    return ReportEvidence(
        result=model.result,
        watched=task.watched,
        higher_is_better=task.higher_is_better,
        headline="",
        measured_on=judged,
        confusion=task.confusion(said, truth),
        trade_offs=task.trade_offs(said, truth),
        per_label=task.per_label(said, truth),
        reliability=_reliability(task, said, task.mistakes(said, truth)),
    )


def _reliability(task: Task, outputs: Tensor, wrong: np.ndarray) -> list[Bin]:
    confidence = task.decode(outputs, {}).probability
    if not all(isinstance(value, float) for value in confidence):
        return []
    return [Bin(*point) for point in reliability(np.array(confidence), wrong == 0)]


def _samples(outcome: Outcome) -> list[Sample]:
    examples, train = outcome.checked.examples, outcome.rows("train")
    strata = outcome.task.strata(outcome.column(examples.targets, "train"))
    places = few_of_each(strata, SHOWN_SAMPLES, SHOWN_CLASSES)
    return [Sample(strata[place], examples.ids[train[place]]) for place in places]


def _settings(model: Model, outcome: Outcome) -> dict[str, str]:
    spec, seconds = outcome.spec, model.result.seconds
    return {
        "task": model.task.name,
        "backbone": model.result.backbone,
        "strategy": str(spec.strategy or "the ladder"),
        "budget": say_duration(spec.budget),
        "seed": str(spec.seed),
        "watched figure": model.task.watched,
        "trained on": _trained_on(outcome),
        "calibrated on": _calibrated_on(outcome),
        **_set_aside(outcome),
        "time": f"{say_duration(seconds.total)} ({say_duration(seconds.decode)} reading, "
        f"{say_duration(seconds.forward)} in the frozen part, {say_duration(seconds.train)} training)",
    }


def _trained_on(outcome: Outcome) -> str:
    if outcome.split.out_of_fold:
        return "train examples, of which none were held out"
    return "train and held-out examples together" if outcome.trained_on_all else "train examples"


def _calibrated_on(outcome: Outcome) -> str:
    if outcome.calibrated_out_of_fold:
        return "every example, out of fold: by heads that had not seen it"
    if outcome.split.out_of_fold:
        return OUT_OF_FOLD
    return "held-out examples" + (", before they were trained on" if outcome.trained_on_all else "")


def _set_aside(outcome: Outcome) -> dict[str, str]:
    problems = [str(problem) for problem in outcome.checked.set_aside]
    rest = f"; and {len(problems) - SHOWN_SET_ASIDE} more" if len(problems) > SHOWN_SET_ASIDE else ""
    return {"set aside": "; ".join(problems[:SHOWN_SET_ASIDE]) + rest} if problems else {}
