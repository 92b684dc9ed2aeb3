"""From the rung that the ladder chose to the model: calibrated, tested once, with its evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from headstart.backbones.base import Backbone
from headstart.core.by_class import ByClass
from headstart.core.results import ExampleCounts, Figures, FitResult, Gain, Seconds
from headstart.core.spec import FitSpec
from headstart.core.threads import workers
from headstart.delivery.artifact import Model
from headstart.delivery.guard import Compared
from headstart.diagnosis import Examination
from headstart.diagnosis.base import Evidence
from headstart.experiment.bench import every_input, sampled
from headstart.experiment.choosing import choose_strategies
from headstart.experiment.fitting.alone import against_alone
from headstart.experiment.fitting.calibrating import unseen
from headstart.experiment.fitting.contest import contest_of
from headstart.experiment.fitting.gains import gain_over_scratch, gains_of
from headstart.experiment.fitting.guarding import guard_for
from headstart.experiment.fitting.refits import curve_of
from headstart.experiment.keeping import kept_of
from headstart.experiment.material import Material
from headstart.experiment.operating_points import say_points, wanted_points
from headstart.experiment.presentation.evidence import add_evidence, reasons_of
from headstart.experiment.presentation.outcome import Outcome
from headstart.ladder.ladder import Ascent
from headstart.ladder.landing import Landing
from headstart.training.workbench import Workbench

UNPROVED = (
    "  note: what transfer gains is not proved: no examples are held out, and other models would be judged on what "
    "they have learnt from. A test split judges them fairly."
)


@dataclass(frozen=True)
class Finish:
    """A fit whose ladder is climbed.

    Attributes
    ----------
    before : the evidence from before training, which ``examination`` has seen.
    """

    spec: FitSpec
    material: Material
    backbone: Backbone
    bench: Workbench
    ascent: Ascent
    before: Evidence
    examination: Examination

    def model(self) -> Model:
        """Calibrate on examples that were not seen, open the test split once, and write the evidence.

        The learning curve reads no network, so it is made beside the rest. Explanations wait for what the model is
        compared with: while one network is traced for an engine no other can run, in whatever thread.
        """
        with workers(1, self.backbone.feature_size * len(self.material.examples)) as beside:
            split = self.material.split
            learnt = np.concatenate([split.train, split.validation])
            kin = self.material.units(learnt), self.material.judging(learnt)
            curve = beside.submit(curve_of(self.before, self.bench, self.backbone, *kin))
            verdict = self._verdict()
            model = self._model(verdict)
            outcome = self._outcome(verdict)
            gains = self._gains(outcome)
            reasons = reasons_of(model, outcome)
            before = replace(self.before, curve=curve.result(), gains=gains)
        model.result.gains, model.result.seconds = gains, self._seconds
        add_evidence(model, replace(outcome, before=before), reasons)
        return model

    def _verdict(self) -> _Verdict:
        """What decides how sure the model may be, and how good it is."""
        task, ascent, wanted = self.material.task, self.ascent, self.spec.wanted
        landing = ascent.landings[ascent.chosen]
        compared = unseen(self.material, self.bench, ascent)
        calibration = task.calibrate(compared.outputs, compared.encoded)
        held_out = task.calibrated(landing.outputs, calibration)
        judged = task.calibrated(compared.outputs, calibration)
        calibration |= wanted_points(task, judged, compared.encoded, wanted)
        tested = self._tested(calibration) if len(self.material.split.test) else None
        if tested is not None:
            say_points(tested.by_class, wanted, self.bench.progress)
        return _Verdict(compared, calibration, held_out, tested, self._figures_on_training(landing, calibration))

    def _tested(self, calibration: dict[str, float]) -> _Tested:
        """Opens the test split, which has examples."""
        task, rows, ascent = self.material.task, self.material.split.test, self.ascent
        inputs = every_input(self.material, self.bench).select(rows.tolist())
        raw = self.bench.outputs(ascent.network, inputs, keep=not ascent.landings[ascent.chosen].tuned)
        outputs, truth = task.calibrated(raw, calibration), task.encode(self.material.targets(rows))
        return _Tested(raw, outputs, task.metrics(outputs, truth), task.by_class(outputs, truth, calibration))

    def _figures_on_training(self, landing: Landing, calibration: dict[str, float]) -> Figures:
        """Figures of the network that was compared, on training examples: what was learned by heart shows here."""
        bench = self.bench
        count = sampled(len(bench.train), len(landing.outputs))
        sample = np.sort(np.random.default_rng(bench.seed).permutation(len(bench.train))[:count])
        raw = bench.outputs(landing.network, bench.train.select(sample.tolist()), keep=not landing.tuned)
        return bench.task.metrics(bench.task.calibrated(raw, calibration), bench.targets[torch.from_numpy(sample)])

    def _model(self, verdict: _Verdict) -> Model:
        """The model on the CPU, without its gains, report and card."""
        material, bench, ascent = self.material, self.bench, self.ascent
        result = self._result(verdict.tested)
        raw = verdict.tested.raw if verdict.tested else None
        guard = guard_for(material, bench, ascent, verdict.calibration, verdict.compared, raw)
        return Model(
            network=ascent.network.cpu().requires_grad_(False).eval(),
            task=material.task,
            modality=material.examples.modality,
            calibration=verdict.calibration,
            result=result,
            columns=dict(material.examples.columns),
            guard=guard,
            device=self.spec.device,
            quiet=bench.progress.quiet,
        )

    def _result(self, tested: _Tested | None) -> FitResult:
        rows, ascent, bench = self.material.split, self.ascent, self.bench
        result = FitResult(
            task=self.material.task.name,
            backbone=ascent.network.backbone.card.name,
            chosen=ascent.landings[ascent.chosen].result.name,
            seed=self.spec.seed,
            rungs=[each.result for each in ascent.landings],
            stopped_because=ascent.stopped_because,
            test=tested.figures if tested else None,
            seconds=self._seconds,
            examples=ExampleCounts(
                len(rows.train), len(rows.validation), len(rows.test), len(self.material.checked.set_aside)
            ),
            engines=bench.engines.choices,
        )
        result.by_class = tested.by_class if tested else None
        strategies = choose_strategies(self.spec.strategy)
        result.tasks, result.tasks_note = against_alone(self.spec, bench, self.backbone, ascent, strategies)
        return result

    @property
    def _seconds(self) -> Seconds:
        laps, total = self.bench.stopwatch.laps, self.bench.stopwatch.total
        return Seconds(laps["decode"], laps["forward"], laps["train"], total)

    def _outcome(self, verdict: _Verdict) -> Outcome:
        outputs = {"validation": verdict.held_out}
        if verdict.tested is not None:
            outputs["test"] = verdict.tested.outputs
        return Outcome(
            self.spec,
            self.material.checked,
            self.material.task,
            self.material.split,
            outputs,
            verdict.learned,
            self.ascent.trained_on_all,
            verdict.compared.out_of_fold,
            self.before,
            self.examination,
            self.bench.kept,
            kept_of(self.bench, self.ascent.network),
        )

    def _gains(self, outcome: Outcome) -> dict[str, Gain]:
        """What transfer gave; with a proof, over training from random weights too."""
        if outcome.judged != "test" and self.material.split.out_of_fold:
            if self.spec.prove:
                self.bench.progress.say(UNPROVED)
            return {}
        contest = contest_of(self.material, self.bench, self.ascent, outcome.outputs[outcome.judged])
        gains = gains_of(contest, self.backbone, self.spec.prove)
        if self.spec.prove:
            gains |= gain_over_scratch(contest, self.bench, self.backbone, self.spec.strategy)
        return gains


class _Tested(NamedTuple):
    """What the kept network makes of the test split: outputs (N, C) as they are and calibrated, and its figures."""

    raw: Tensor
    outputs: Tensor
    figures: Figures
    by_class: ByClass | None


class _Verdict(NamedTuple):
    """How the kept network is calibrated, and how good it is.

    ``held_out`` are the calibrated outputs of the held-out examples, ``learned`` the figures on training examples.
    """

    compared: Compared
    calibration: dict[str, float]
    held_out: Tensor
    tested: _Tested | None
    learned: Figures
