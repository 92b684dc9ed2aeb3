"""From a request to a model: read, check, split, climb, calibrate, test once, report."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor

from headstart.backbones import default_card, load
from headstart.backbones.base import Backbone
from headstart.core.device import choose_device
from headstart.core.errors import InputError, UsageError
from headstart.core.progress import Progress
from headstart.core.results import ExampleCounts, Figures, FitResult, Seconds
from headstart.core.spec import DEFAULT_BUDGET, FitSpec
from headstart.core.timing import Stopwatch, parse_duration, say_duration
from headstart.data.modalities import MODALITIES
from headstart.delivery.artifact import Model
from headstart.delivery.artifact import load as load_model
from headstart.delivery.folder import is_model_folder
from headstart.experiment.choosing import choose_strategies
from headstart.experiment.evidence import Outcome, add_evidence
from headstart.experiment.material import Found, Material, find, prepare
from headstart.experiment.unfinished import Unfinished, check_out
from headstart.frozen.choosing import AUTO, Engines
from headstart.frozen.engines import ENGINES
from headstart.frozen.holdings import given_limit, store_folder
from headstart.frozen.inputs import Inputs
from headstart.frozen.store import FrontierStore
from headstart.ladder.ladder import Ascent, Ladder
from headstart.ladder.landing import Landing
from headstart.model.network import Network
from headstart.strategies.base import Strategy
from headstart.tasks import TASKS
from headstart.training.workbench import Workbench

TRAIN_SAMPLE = 500
"""At most so many training examples are judged too, to see how much was learned by heart."""


def fit(
    data: Any,
    *,
    input: str | None = None,
    target: str | None = None,
    group: str | None = None,
    task: str | None = None,
    backbone: str | None = None,
    strategy: str | Strategy | None = None,
    budget: str | float = DEFAULT_BUDGET,
    out: str | Path | None = None,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    engine: str = AUTO,
    store: bool = True,
    test_share: float = 0.2,
    quiet: bool = False,
) -> Model:
    """Fit a model to `data` and return it with its evidence.

    Parameters
    ----------
    data : a folder, a table, a dataset name, or a pair (inputs, targets) of Python lists.
    input, target, group : columns of a table; found when not named.
    task, backbone, strategy : plug-in names; chosen from the data when not named. A strategy may also be an
        object with its settings.
    budget : the time it may take, in seconds or as ``"10m"``.
    out : where to write the model folder; None writes nothing.
    resume : go on with a fit into `out` that was interrupted.
    engine : what runs the frozen part: a plug-in's name, or ``auto`` for the fastest here by a short trial.
    store : keep activations for the next fit on the same examples.
    test_share : share of the examples held out for the final test where no test split is given; 0 for none.

    Raises
    ------
    HeadstartError : for every mistake in the request or the data, with what to do.
    """
    seconds = parse_duration(budget) if isinstance(budget, str) else float(budget)
    folder = None if out is None else Path(out)
    spec = FitSpec(
        data, input, target, group, task, backbone, strategy, seconds, folder, seed, device, resume, engine,
        store, test_share,
    )  # fmt: skip
    return run(spec, Progress(quiet))


def run(spec: FitSpec, progress: Progress) -> Model:
    """Carry out `spec`; writes the model folder where one is asked for."""
    stopwatch = Stopwatch()
    check_request(spec)
    if spec.resume and spec.out is not None and is_model_folder(spec.out):
        return _finished_before(spec.out, spec, progress)
    if spec.out is not None:
        check_out(spec.out)
    found = find(spec, progress)
    backbone = _backbone(spec, found, progress)
    material = prepare(found, spec, progress)
    if spec.out is None:
        with tempfile.TemporaryDirectory(prefix="headstart-fit-") as temporary:
            bench = _workbench(spec, material, backbone, stopwatch, progress, Path(temporary))
            return _climbed(spec, material, backbone, bench)
    asked = {"examples": material.fingerprint, "backbone": backbone.card.name}
    unfinished = Unfinished(spec.out, spec, asked, progress)
    try:
        bench = _workbench(spec, material, backbone, stopwatch, progress, unfinished.folder)
        model = _climbed(spec, material, backbone, bench)
        unfinished.finish(model.save)
    except BaseException:
        unfinished.tidy()
        raise
    return model


def _climbed(spec: FitSpec, material: Material, backbone: Backbone, bench: Workbench) -> Model:
    """The model that the ladder gives."""
    network = Network(backbone, material.task.head(backbone.feature_size))
    return _finish(spec, material, bench, Ladder(choose_strategies(spec.strategy), bench).climb(network))


def check_request(spec: FitSpec) -> None:
    """Everything that can be wrong with a request before its data is read.

    Raises
    ------
    UsageError : an unknown device, strategy, setting, task or engine, a cache limit that is no size; all together.
    """
    mistakes = []
    for check_one in (
        lambda: choose_device(spec.device),
        lambda: choose_strategies(spec.strategy),
        lambda: TASKS.load(spec.task) if spec.task else None,
        lambda: ENGINES.load(spec.engine) if spec.engine != AUTO else None,
        given_limit,
    ):
        try:
            check_one()
        except UsageError as error:
            mistakes.append(str(error))
    if mistakes:
        raise UsageError("\n".join(mistakes))


def _finished_before(out: Path, spec: FitSpec, progress: Progress) -> Model:
    """The model of a fit that was killed after its last step, or of one that is being resumed once too often."""
    progress.say(f"{out} is finished already: nothing is left to do.")
    Unfinished.forget(out)
    model = load_model(out, spec.device)
    model.quiet = progress.quiet
    return model


def _backbone(spec: FitSpec, found: Found, progress: Progress) -> Backbone:
    modality = found.examples.modality
    name = spec.backbone or default_card(modality).name
    backbone = load(name)
    if backbone.card.modality != modality:
        noun = MODALITIES.load(backbone.card.modality)().noun
        raise InputError(
            f"The backbone {name} takes {noun}, and these examples are {found.modality.noun}. "
            "`headstart models` lists backbones for each."
        )
    chosen = "" if spec.backbone else " (the default of what is at hand; --backbone takes another)"
    progress.say(f"Backbone: {backbone.card.name}{chosen}. Budget: {say_duration(spec.budget)}.")
    return backbone


def _workbench(
    spec: FitSpec, material: Material, backbone: Backbone, stopwatch: Stopwatch, progress: Progress, folder: Path
) -> Workbench:
    def inputs(rows: np.ndarray) -> Inputs:
        modality = MODALITIES.load(material.examples.modality)()
        keys = [material.checked.fingerprints[i] for i in rows]
        return Inputs(material.examples.select(rows.tolist()), modality, backbone.preprocess, keys, stopwatch)

    def encoded(rows: np.ndarray) -> Tensor:
        return material.task.encode(material.targets(rows))

    torch.manual_seed(spec.seed)
    return Workbench(
        task=material.task,
        train=inputs(material.split.train),
        targets=encoded(material.split.train),
        validation=inputs(material.split.validation),
        validation_targets=encoded(material.split.validation),
        store=FrontierStore(store_folder()) if spec.store else None,
        accelerator=Accelerator(cpu=choose_device(spec.device).type == "cpu"),
        stopwatch=stopwatch,
        progress=progress,
        seed=spec.seed,
        folder=folder,
        engines=Engines(spec.engine, records=folder),
        deadline=spec.budget,
        judged_after=len(material.split.test) + min(TRAIN_SAMPLE, len(material.split.train)),
    )


def _finish(spec: FitSpec, material: Material, bench: Workbench, ascent: Ascent) -> Model:
    """Calibrate on held-out examples, open the test split once, and write the evidence."""
    task, rows = material.task, material.split
    landing = ascent.landings[ascent.chosen]
    calibration = task.calibrate(landing.outputs, task.encode(material.targets(rows.validation)))
    outputs = {"validation": task.calibrated(landing.outputs, calibration)}
    tested = None
    if len(rows.test):
        inputs = replace(bench.train, examples=material.examples, keys=material.checked.fingerprints)
        raw = bench.outputs(ascent.network, inputs.select(rows.test.tolist()), keep=not landing.result.curve)
        outputs["test"] = task.calibrated(raw, calibration)
        tested = task.metrics(outputs["test"], task.encode(material.targets(rows.test)))
    learned = _figures_on_training(bench, landing, calibration)
    model = Model(
        network=ascent.network.cpu().requires_grad_(False).eval(),
        task=task,
        modality=material.examples.modality,
        calibration=calibration,
        result=_result(spec, material, bench, ascent, tested),
        columns=dict(material.examples.columns),
        device=spec.device,
        quiet=bench.progress.quiet,
    )
    add_evidence(model, Outcome(spec, material.checked, task, rows, outputs, learned, ascent.trained_on_all))
    return model


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
    raw = bench.outputs(landing.network, bench.train.select(sample.tolist()), keep=not landing.result.curve)
    return bench.task.metrics(bench.task.calibrated(raw, calibration), bench.targets[torch.from_numpy(sample)])
