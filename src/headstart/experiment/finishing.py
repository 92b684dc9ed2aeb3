"""From the rung that the ladder chose to the model: calibrated, tested once, with its evidence."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from headstart.backbones.base import Backbone
from headstart.core.by_class import ByClass
from headstart.core.results import ExampleCounts, Figures, FitResult, Seconds
from headstart.core.spec import FitSpec
from headstart.delivery.artifact import Model
from headstart.delivery.guard import Guard
from headstart.diagnosis import Examination
from headstart.diagnosis.base import Evidence
from headstart.experiment.alone import against_alone
from headstart.experiment.bench import TRAIN_SAMPLE, every_input
from headstart.experiment.calibrating import unseen
from headstart.experiment.choosing import choose_strategies
from headstart.experiment.contest import contest_of
from headstart.experiment.evidence import add_evidence, reasons_of
from headstart.experiment.gains import gain_over_scratch, gains_of
from headstart.experiment.guarding import guard_for
from headstart.experiment.keeping import kept_of
from headstart.experiment.material import Material
from headstart.experiment.operating_points import say_points, wanted_points
from headstart.experiment.outcome import Outcome
from headstart.experiment.refits import curve_of
from headstart.ladder.ladder import Ascent
from headstart.ladder.landing import Landing
from headstart.training.workbench import Workbench


def finish(
    spec: FitSpec,
    material: Material,
    backbone: Backbone,
    bench: Workbench,
    ascent: Ascent,
    before: Evidence,
    examination: Examination,
) -> Model:
    """Calibrate on examples that were not seen, open the test split once, and write the evidence."""
    task, rows = material.task, material.split
    landing = ascent.landings[ascent.chosen]
    compared = unseen(material, bench, ascent)
    calibration = task.calibrate(compared.outputs, compared.encoded)
    outputs = {"validation": task.calibrated(landing.outputs, calibration)}
    judged = task.calibrated(compared.outputs, calibration)
    calibration |= wanted_points(task, judged, compared.encoded, spec.wanted)
    tested = _tested(material, bench, ascent, calibration) if len(rows.test) else None
    if tested is not None:
        outputs["test"] = tested.outputs
        say_points(tested.by_class, spec.wanted, bench.progress)
    learned = _figures_on_training(bench, landing, calibration)
    guard = guard_for(material, bench, ascent, calibration, compared, tested.raw if tested else None)
    with ThreadPoolExecutor(1) as beside:
        curve = beside.submit(curve_of(before, bench, backbone))
        contest = contest_of(material, bench, ascent, outputs["test" if tested else "validation"])
        # Judged on what they have learnt from, the others would be flattered.
        fair = tested is not None or not rows.out_of_fold
        gains = gains_of(contest, backbone, spec.prove) if fair else {}
        if spec.prove:
            gains |= gain_over_scratch(contest, bench, backbone, spec.strategy)
        kept = kept_of(bench, ascent.network)
        result = _result(spec, material, bench, ascent, tested.figures if tested else None)
        result.tasks, result.tasks_note = against_alone(
            spec, bench, backbone, ascent, choose_strategies(spec.strategy)
        )
        result.gains, result.by_class = gains, tested.by_class if tested else None
        model = _model(spec, material, ascent, calibration, guard, result, bench.progress.quiet)
        outcome = Outcome(
            spec,
            material.checked,
            task,
            rows,
            outputs,
            learned,
            ascent.trained_on_all,
            compared.out_of_fold,
            before,
            examination,
            bench.kept,
            kept,
        )
        reasons = reasons_of(model, outcome)  # the learning curve may still be at work, which reads no network
        before = replace(before, curve=curve.result(), gains=gains)
    model.result.seconds.total = bench.stopwatch.total
    add_evidence(model, replace(outcome, before=before), reasons)
    return model


class _Tested(NamedTuple):
    """What the kept network makes of the test split: outputs (N, C) as they are and calibrated, and its figures."""

    raw: Tensor
    outputs: Tensor
    figures: Figures
    by_class: ByClass | None


def _tested(material: Material, bench: Workbench, ascent: Ascent, calibration: dict[str, float]) -> _Tested:
    """Opens the test split, which has examples."""
    task, rows = material.task, material.split.test
    inputs = every_input(material, bench).select(rows.tolist())
    raw = bench.outputs(ascent.network, inputs, keep=not ascent.landings[ascent.chosen].tuned)
    outputs, truth = task.calibrated(raw, calibration), task.encode(material.targets(rows))
    return _Tested(raw, outputs, task.metrics(outputs, truth), task.by_class(outputs, truth, calibration))


def _model(
    spec: FitSpec,
    material: Material,
    ascent: Ascent,
    calibration: dict[str, float],
    guard: Guard | None,
    result: FitResult,
    quiet: bool,
) -> Model:
    """The model on the CPU, without its report and card."""
    return Model(
        network=ascent.network.cpu().requires_grad_(False).eval(),
        task=material.task,
        modality=material.examples.modality,
        calibration=calibration,
        result=result,
        columns=dict(material.examples.columns),
        guard=guard,
        device=spec.device,
        quiet=quiet,
    )


def _result(spec: FitSpec, material: Material, bench: Workbench, ascent: Ascent, tested: Figures | None) -> FitResult:
    rows, laps = material.split, bench.stopwatch.laps
    return FitResult(
        task=material.task.name,
        backbone=ascent.network.backbone.card.name,
        chosen=ascent.landings[ascent.chosen].result.name,
        seed=spec.seed,
        rungs=[each.result for each in ascent.landings],
        stopped_because=ascent.stopped_because,
        test=tested,
        seconds=Seconds(laps["decode"], laps["forward"], laps["train"], bench.stopwatch.total),
        examples=ExampleCounts(
            len(rows.train), len(rows.validation), len(rows.test), len(material.checked.set_aside)
        ),
        engines=bench.engines.choices,
    )


def _figures_on_training(bench: Workbench, landing: Landing, calibration: dict[str, float]) -> Figures:
    """Figures of the network that was compared, on training examples: what was learned by heart shows here.

    No more examples than were held out are looked at (but 100 at least), so that it costs no more than judging
    a rung did.
    """
    count = min(TRAIN_SAMPLE, max(len(landing.outputs), 100), len(bench.train))
    sample = np.sort(np.random.default_rng(bench.seed).permutation(len(bench.train))[:count])
    raw = bench.outputs(landing.network, bench.train.select(sample.tolist()), keep=not landing.tuned)
    return bench.task.metrics(bench.task.calibrated(raw, calibration), bench.targets[torch.from_numpy(sample)])
