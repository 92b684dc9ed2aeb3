"""From a request to a model: read, check, split, climb, calibrate, test once, report."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from typing import Any

from headstart.backbones.base import Backbone
from headstart.core.counts import parse_share
from headstart.core.names import read_names
from headstart.core.out_folders import check_out
from headstart.core.progress import Progress
from headstart.core.results import Finding
from headstart.core.spec import AUTO, DEFAULT_BUDGET, GIVEN, FitSpec
from headstart.core.threads import workers
from headstart.core.timing import Stopwatch, in_seconds, say_duration
from headstart.delivery.artifact import Model
from headstart.delivery.artifact import load as load_model
from headstart.delivery.folder import is_model_folder
from headstart.diagnosis import Examination, at_least
from headstart.diagnosis.base import Evidence
from headstart.experiment.bench import choose_backbone, lay_out
from headstart.experiment.choosing import choose_strategies
from headstart.experiment.examination.computing_ahead import compute_ahead
from headstart.experiment.examination.grouping import prepared
from headstart.experiment.examination.looking import look_before, look_deeper
from headstart.experiment.fitting.finishing import Finish
from headstart.experiment.fitting.from_names import fit_from_names
from headstart.experiment.fitting.naming import unlabelled
from headstart.experiment.fitting.thrift import thrifty
from headstart.experiment.keeping import check_strategies, with_old_task
from headstart.experiment.material import Material, find, say_notes
from headstart.experiment.patients import with_slices
from headstart.experiment.request import check_request
from headstart.experiment.selection.selector import with_chosen_backbone
from headstart.experiment.unfinished import LOADED_BY, LOOKED, Unfinished, counted_once
from headstart.frozen.choosing import Engines
from headstart.ladder.ladder import Ladder
from headstart.model.network import new_network, suited
from headstart.strategies.base import Strategy
from headstart.training.workbench import Workbench

FOR_HEADS = 0.1
"""Share of the budget that the heads which find wrong labels may take; beyond that they are left out."""


def fit(
    data: Any,
    *,
    input: str | None = None,
    target: str | Sequence[str] | None = None,
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
    prove: bool = False,
    labels: Any = None,
    also: Sequence[str] = (),
    split: str = GIVEN,
    old: Any = None,
    forgetting: str | float | None = None,
    backbones: Sequence[str] = (),
    hub: bool = False,
    most_parameters: int | None = None,
    sensitivity: str | float | None = None,
    specificity: str | float | None = None,
    stack: int | None = None,
    frame: int | None = None,
    quiet: bool = False,
) -> Model:
    """Fit a model to `data` and return it with its evidence.

    Parameters
    ----------
    data : a folder, a table, a dataset name, or a pair (inputs, targets) of Python lists.
    input, target, group : columns of a table; found when not named. Of several targets, ``["team", "urgent"]`` or
        ``"team,urgent"``, each has a task of its own over one trunk, and cells may be empty. With ``group="auto"``
        examples that belong together by their names or a column (patients, videos, bursts of photos) stay in one
        split. Patients that a file, its name or a column tells stay in one without being asked, but for ``"none"``.
    split : ``"given"`` keeps the splits that the data give; ``"anew"`` drops them and divides the examples anew.
    task, backbone, strategy : plug-in names; chosen from the data when not named. A strategy may also be an
        object with its settings.
    backbone : also a folder, that of a finished model too, or ``"auto"``: the one that a ranking picks, see
        :func:`headstart.rank`.
    budget : the time it may take, in seconds or as ``"10m"``.
    out : where to write the model folder; None writes nothing.
    resume : go on with a fit into `out` that was interrupted.
    engine : what runs the frozen part: a plug-in's name, or ``auto`` for the fastest here by a short trial.
    store : keep activations for the next fit on the same examples.
    test_share : share of the examples held out for the final test where no test split is given; 0 for none.
    labels : the names of the classes: a list, ``"a,b,c"``, a file, or a dict of labels and descriptions. Where no
        example has one of them, the names alone make the model (zero-shot), with a backbone that knows words.
    prove : measure also what transfer gave over training from random weights, which takes up to the budget once more.
    backbones, hub, most_parameters : among which ``"auto"`` chooses, as for :func:`headstart.rank`.
    also : further tables with a target each, ``"other.csv:price"``, whose rows are learnt from too.
    old : examples of the task of the finished model that `backbone` names: what tuning it costs there is measured.
    forgetting : how much accuracy may be lost there at most, as ``"2%"`` or 0.02: a tuned backbone goes back towards
        the one it was as far as that takes. None for no bound.

    sensitivity, specificity : one of them, as ``"95%"`` or 0.95: operating points reach at least that on held-out
        examples. Without either they make the sum of both largest.
    stack : of a DICOM series (its files in one folder are one example then) or a NIfTI volume, so many neighbouring
        slices, an odd number, are the channels of an example; None for files as they are.
    frame : how large the network sees pictures, in pixels: for boxes the side of a square of their area, for masks of
        classes their longer side; both sides become multiples of 32. None for what suits device and pictures.

    Raises
    ------
    HeadstartError : for every mistake in the request or the data, with what to do.
    """
    seconds = in_seconds(budget)
    folder = None if out is None else Path(out)
    named = target if target is None or isinstance(target, str) else ",".join(target)
    spec = FitSpec(
        data, input, named, group, task, backbone, strategy, seconds, folder, seed, device, resume, engine,
        store, test_share, prove, () if labels is None else tuple(read_names(labels)), tuple(also),
        split,
        old, None if forgetting is None else parse_share(str(forgetting)), tuple(backbones), hub, most_parameters,
        None if sensitivity is None else parse_share(str(sensitivity)),
        None if specificity is None else parse_share(str(specificity)), stack, frame,
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
    if spec.labels and (inputs := unlabelled(spec)) is not None:
        return fit_from_names(spec, inputs, stopwatch, progress)
    found = find(spec, progress)
    if spec.backbone == AUTO:
        spec = with_chosen_backbone(spec, found, stopwatch, progress)
    backbone = choose_backbone(spec, found, progress)
    progress.say(f"Budget: {say_duration(spec.budget)}.")
    found = replace(found, examples=with_slices(found.examples, found.modality, found.task.reads_maps))
    say_notes(found.examples.notes[-1:] if found.examples.extra else (), progress)
    engines = Engines(spec.engine)
    found = compute_ahead(found, spec, backbone, engines, stopwatch, progress)
    material = replace(prepared(found, spec, backbone, stopwatch, progress), computed=found.computed)
    material = replace(material, task=material.task.starting_from(backbone.detector))
    backbone = suited(backbone, material.task)
    material = thrifty(material, backbone, choose_strategies(spec.strategy), progress)
    if spec.out is None:
        with tempfile.TemporaryDirectory(prefix="headstart-fit-") as temporary:
            return _climbed(spec, material, backbone, stopwatch, progress, Path(temporary), engines)
    asked = {"examples": material.fingerprint, "backbone": backbone.card.name, LOADED_BY: str(spec.backbone or "")}
    asked |= {"frame": str(material.task.frame)} if material.task.frame else {}  # another device has another one
    unfinished = Unfinished(spec.out, spec, asked, progress)
    try:
        model = _climbed(spec, material, backbone, stopwatch, progress, unfinished.folder, engines)
        unfinished.finish(model.save)
    except BaseException:
        unfinished.tidy()
        raise
    return model


def _climbed(
    spec: FitSpec,
    material: Material,
    backbone: Backbone,
    stopwatch: Stopwatch,
    progress: Progress,
    folder: Path,
    engines: Engines,
) -> Model:
    """The model that the ladder gives; examples are looked at first, and an old task is kept where one is to be."""
    bench = lay_out(spec, material, backbone, stopwatch, progress, folder, engines)
    bench = with_old_task(spec, bench, backbone, stopwatch, progress)
    examination = Examination()
    with workers(1, backbone.feature_size * len(material.examples)) as beside:
        before = _looking(material, backbone, bench, examination, beside)
        network = new_network(backbone, material.task)
        ascent = Ladder(check_strategies(choose_strategies(spec.strategy), spec), bench).climb(network)
        return Finish(spec, material, backbone, bench, ascent, before.result(), examination).model()


def _looking(
    material: Material, backbone: Backbone, bench: Workbench, examination: Examination, beside: Executor
) -> Future[Evidence]:
    """What is known before training; what features do not tell is looked for while they are computed.

    Heads that tell wrong labels are solved while the first rung is climbed.
    """
    with counted_once(bench.folder / LOOKED, bench.stopwatch, material.computed):
        before = look_before(material)
        early = beside.submit(examination.findings, before, bench.kept)
        deeper: Callable[[], Evidence] = lambda: before  # noqa: E731
        if not material.task.reads_maps:  # for which the frozen part gives maps, and no features
            deeper = look_deeper(before, material, backbone, bench, FOR_HEADS * bench.deadline)
        said = _said(early.result(), bench.progress)
        # within the block: of many numbers the heads are solved here and now
        return beside.submit(_examined, deeper, bench, examination, said)


def _examined(
    deeper: Callable[[], Evidence], bench: Workbench, examination: Examination, said: Collection[str]
) -> Evidence:
    """What `deeper` gives; what is serious in it, and was not among what is `said`, is said at once."""
    before = deeper()
    _said(examination.findings(before, bench.kept), bench.progress, said)
    return before


def _said(findings: Sequence[Finding], progress: Progress, before: Collection[str] = ()) -> list[str]:
    """Say what is serious, but for what was said `before`, while there is time to mend it; returns what was."""
    texts = [f"{finding.summary} {finding.next_step}" for finding in at_least(findings, "serious")]
    for text in texts:
        if text not in before:
            progress.say(f"  serious: {text}")
    return texts


def _finished_before(out: Path, spec: FitSpec, progress: Progress) -> Model:
    """The model of a fit that was killed after its last step, or of one that is being resumed once too often."""
    progress.say(f"{out} is finished already: nothing is left to do.")
    Unfinished.forget(out)
    model = load_model(out, spec.device)
    model.quiet = progress.quiet
    return model
