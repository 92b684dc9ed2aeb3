"""From a request to a model: read, check, split, climb, calibrate, test once, report."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor

from headstart.backbones import default_card, load
from headstart.backbones.base import Backbone
from headstart.core.device import choose_device
from headstart.core.errors import InputError, Problem
from headstart.core.files import cache_folder, digest
from headstart.core.progress import Progress
from headstart.core.results import ExampleCounts, FitResult, Seconds
from headstart.core.spec import DEFAULT_BUDGET, FitSpec
from headstart.core.timing import Stopwatch, parse_duration, say_duration
from headstart.data.checks import Checked, check
from headstart.data.examples import Examples
from headstart.data.modalities import MODALITIES
from headstart.data.read import read
from headstart.data.readers.base import Request
from headstart.data.splits import Split, split
from headstart.delivery.artifact import Model
from headstart.experiment.choosing import choose_strategies
from headstart.experiment.evidence import Outcome, add_evidence
from headstart.experiment.unfinished import Unfinished, check_out, free_name
from headstart.frozen.inputs import Inputs
from headstart.frozen.store import FrontierStore
from headstart.ladder.ladder import Ascent, Ladder
from headstart.model.network import Network
from headstart.strategies.base import Strategy
from headstart.tasks import TASKS, choose_task
from headstart.tasks.base import Task
from headstart.training.workbench import Workbench


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
    store : keep activations for the next fit on the same examples.
    test_share : share of the examples held out for the final test where no test split is given; 0 for none.

    Raises
    ------
    HeadstartError : for every mistake in the request or the data, with what to do.
    """
    seconds = parse_duration(budget) if isinstance(budget, str) else float(budget)
    folder = None if out is None else Path(out)
    spec = FitSpec(
        data, input, target, group, task, backbone, strategy, seconds, folder, seed, device, resume, store, test_share
    )  # fmt: skip
    return run(spec, Progress(quiet))


@dataclass(frozen=True)
class Material:
    """Source data made ready: checked examples, their task, their split."""

    checked: Checked
    task: Task
    split: Split
    notes: tuple[str, ...]

    @property
    def examples(self) -> Examples:
        """The usable examples."""
        return self.checked.examples

    def targets(self, rows: np.ndarray) -> list[Any]:
        """Raw targets of some examples."""
        return [(self.examples.targets or [])[i] for i in rows]

    @property
    def fingerprint(self) -> str:
        """A digest of all inputs and targets, in order."""
        targets = [repr(target) for target in self.examples.targets or []]
        return digest(*self.checked.fingerprints, *targets)


def run(spec: FitSpec, progress: Progress) -> Model:
    """Carry out `spec`; writes the model folder where one is asked for."""
    stopwatch = Stopwatch()
    device = choose_device(spec.device)
    if spec.out is not None:
        check_out(spec.out)
    climbers = choose_strategies(spec.strategy)
    material = prepare(spec, progress)
    backbone = _backbone(spec, material, progress)
    with tempfile.TemporaryDirectory(prefix="headstart-fit-") as temporary:
        unfinished = None
        folder = Path(temporary)
        if spec.out is not None:
            unfinished = Unfinished(spec.out, spec, material.fingerprint, progress)
            folder = unfinished.folder
        bench = _workbench(spec, material, backbone, device, stopwatch, progress, folder)
        network = Network(backbone, material.task.head(backbone.feature_size))
        ladder = Ladder(climbers.strategies, bench, spec.budget, climbers.eligible)
        ascent = ladder.climb(network)
        model = _finish(spec, material, bench, ascent, progress)
        if spec.out is not None and unfinished is not None:
            model.save(spec.out)
            unfinished.finish()
    return model


def prepare(spec: FitSpec, progress: Progress) -> Material:
    """Read, check and split the source data, and find its task.

    Raises
    ------
    InputError : with every mistake of the data.
    """
    examples = read(Request(spec.data, spec.input, spec.target, spec.group))
    task, why = choose_task(_learnable_targets(examples), spec.task)
    modality = MODALITIES.load(examples.modality)()
    progress.say(f"Read {len(examples)} {modality.noun} from {examples.source}. Task: {why}.")
    checked = check(examples, modality, progress)
    targets = list(checked.examples.targets or [])
    problems = [
        Problem(name, what)
        for name, target in zip(checked.examples.ids, targets, strict=True)
        if (what := task.problem(target))
    ]
    if problems:
        raise InputError(problems, f"{len(problems)} targets cannot be used:")
    parts = split(
        checked.examples, task.strata(targets), spec.seed, spec.test_share, fingerprints=checked.fingerprints
    )
    # The label set and the class counts come from what is learnt, not from the test split.
    learnt = [targets[i] for i in [*parts.train, *parts.validation]]
    task = TASKS.load(task.name).from_targets(learnt)
    for note in (*examples.notes, *checked.notes, *parts.notes):
        progress.say(f"  note: {note}")
    progress.say(
        f"Split: {len(parts.train)} to learn from, {len(parts.validation)} held out to compare, "
        f"{len(parts.test)} for the final test"
        + (f"; {len(checked.set_aside)} set aside as unreadable." if checked.set_aside else ".")
    )
    return Material(checked, task, parts, (*examples.notes, *checked.notes, *parts.notes))


def _learnable_targets(examples: Examples) -> list[Any]:
    """The targets that a given test split does not hide."""
    splits = examples.splits or [None] * len(examples)
    return [t for t, s in zip(examples.targets or [], splits, strict=True) if s != "test"]


def _backbone(spec: FitSpec, material: Material, progress: Progress) -> Backbone:
    name = spec.backbone or default_card(material.examples.modality).name
    backbone = load(name)
    if backbone.card.modality != material.examples.modality:
        nouns = [MODALITIES.load(m)().noun for m in (backbone.card.modality, material.examples.modality)]
        raise InputError(
            f"The backbone {name} takes {nouns[0]}, and these examples are {nouns[1]}. "
            "`headstart models` lists backbones for each."
        )
    chosen = "" if spec.backbone else " (the default of what is at hand; --backbone takes another)"
    progress.say(f"Backbone: {backbone.card.name}{chosen}. Budget: {say_duration(spec.budget)}.")
    return backbone


def _workbench(
    spec: FitSpec,
    material: Material,
    backbone: Backbone,
    device: torch.device,
    stopwatch: Stopwatch,
    progress: Progress,
    folder: Path,
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
        store=FrontierStore(cache_folder() / "frontiers") if spec.store else None,
        accelerator=Accelerator(cpu=device.type == "cpu"),
        stopwatch=stopwatch,
        progress=progress,
        seed=spec.seed,
        folder=folder,
    )


def _finish(spec: FitSpec, material: Material, bench: Workbench, ascent: Ascent, progress: Progress) -> Model:
    """Calibrate on held-out examples, open the test split once, and write the evidence."""
    task, rows = material.task, material.split
    landing = ascent.landings[ascent.chosen]
    held_out_targets = task.encode(material.targets(rows.validation))
    calibration = task.calibrate(landing.outputs, held_out_targets)
    outputs = {"validation": task.calibrated(landing.outputs, calibration)}
    tested = None
    if len(rows.test):
        inputs = replace(bench.train, examples=material.examples, keys=material.checked.fingerprints)
        untrained = not landing.result.curve
        raw = bench.outputs(ascent.network, inputs.select(rows.test.tolist()), keep=untrained)
        outputs["test"] = task.calibrated(raw, calibration)
        tested = task.metrics(outputs["test"], task.encode(material.targets(rows.test)))
    result = FitResult(
        task=task.name,
        backbone=ascent.network.backbone.card.name,
        chosen=landing.result.name,
        seed=spec.seed,
        rungs=[each.result for each in ascent.landings],
        stopped_because=ascent.stopped_because,
        test=tested,
        seconds=Seconds(),
        examples=ExampleCounts(
            len(rows.train), len(rows.validation), len(rows.test), len(material.checked.set_aside)
        ),
    )
    laps = bench.stopwatch.laps
    result.seconds = Seconds(laps["decode"], laps["forward"], laps["train"], bench.stopwatch.total)
    model = Model(
        network=ascent.network.cpu().requires_grad_(False).eval(),
        task=task,
        modality=material.examples.modality,
        calibration=calibration,
        result=result,
        columns={"input": spec.input, "target": spec.target, "group": spec.group},
        device=spec.device,
        quiet=progress.quiet,
    )
    add_evidence(model, Outcome(spec, material.checked, task, rows, outputs, ascent.trained_on_all))
    return model


def out_folder(spec: FitSpec) -> FitSpec:
    """`spec` with a folder to write to: the one asked for, or a free name after the data."""
    return spec if spec.out is not None else replace(spec, out=free_name(spec.data))
