"""Makes source data ready for a fit: read, checked, split, and its task found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from headstart.core.device import choose_device
from headstart.core.errors import InputError, NoneHeldOut, Problem, UsageError
from headstart.core.files import digest
from headstart.core.progress import Progress
from headstart.core.spec import ANEW, AUTO, FitSpec, group_column
from headstart.core.timing import Stopwatch
from headstart.data.checks import MOST_SET_ASIDE, Checked, check
from headstart.data.examples import Examples
from headstart.data.modalities import MODALITIES
from headstart.data.modalities.base import Modality
from headstart.data.readers.base import Request
from headstart.data.several_sources import read_all
from headstart.data.splits import Split
from headstart.experiment.keeping_together import learnt_instead, split_of, with_near_families
from headstart.experiment.looks import KeptLooks
from headstart.experiment.operating_points import check_wanted
from headstart.experiment.out_of_fold import stratified_folds
from headstart.experiment.patients import with_patients
from headstart.frozen.holdings import store_folder
from headstart.frozen.store import FrontierStore
from headstart.tasks import TASKS, choose_task
from headstart.tasks.base import Task

SHOWN_SET_ASIDE = 10

_REFUSED = "{} targets cannot be used:"


@dataclass(frozen=True)
class Found:
    """What a first look at the source data gives: undecoded examples, their modality, and their task.

    ``digests`` are those of the examples' contents, in order, where a pass has read them: empty where it has not read
    one, and of none where there was no pass. ``computed`` are seconds in which that pass computed features.
    """

    examples: Examples
    modality: Modality
    task: Task
    digests: Sequence[str] = ()
    computed: float = 0.0


@dataclass(frozen=True)
class Material:
    """Source data made ready: checked examples, their task, their split; what they look like, and where it is kept.

    ``store`` is None where nothing is to outlast the fit. ``computed`` are seconds in which features were computed.
    """

    checked: Checked
    task: Task
    split: Split
    looked: KeptLooks
    store: FrontierStore | None
    computed: float = 0.0

    @property
    def examples(self) -> Examples:
        """The usable examples."""
        return self.checked.examples

    def targets(self, rows: np.ndarray) -> list[Any]:
        """Raw targets of some examples."""
        return [(self.examples.targets or [])[i] for i in rows]

    def folds(self, rows: np.ndarray, seed: int) -> np.ndarray | None:
        """Fold numbers (n,) of the examples at `rows`, relatives in one fold; None where they are too few for any."""
        return stratified_folds(self.task.strata(self.targets(rows)), self.units(rows), seed)

    def units(self, rows: np.ndarray) -> np.ndarray:
        """Numbers (n,) of what belongs together among the examples at `rows`."""
        return self.checked.units(rows)

    def judging(self, rows: np.ndarray) -> np.ndarray:
        """Whether each of the examples at `rows`, (n,), judges: further slices of a volume are only learnt from."""
        extra = np.zeros(len(self.examples)) if self.examples.extra is None else np.asarray(self.examples.extra)
        return ~extra[rows].astype(bool)

    @property
    def fingerprint(self) -> str:
        """A digest of all inputs and targets, in order, and of how they are split."""
        targets = [repr(target) for target in self.examples.targets or []]
        rows = [str(part.tolist()) for part in (self.split.train, self.split.validation, self.split.test)]
        return digest(*self.checked.fingerprints, *targets, *rows)


class TooFewLeft(InputError):
    """After many examples were set aside the others cannot be divided; ``checked`` are both."""

    def __init__(self, why: str, checked: Checked) -> None:
        super().__init__(why)
        self.checked = checked


def find(spec: FitSpec, progress: Progress) -> Found:
    """Read the source data, without decoding any input, and find its task.

    Raises
    ------
    InputError : with every mistake of the data that shows without decoding.
    """
    asked = TASKS.load(str(spec.task)) if spec.task else None
    request = Request(
        spec.data,
        spec.input,
        spec.target,
        group_column(spec.group),
        keeps_splits=spec.split != ANEW,
        stack=spec.stack,
        objects=asked is not None and asked.finds_boxes,
        masks=asked is not None and asked.draws,
        outlined=asked is not None and asked.outlines,
    )
    examples = read_all(request, spec.also)
    if spec.split == ANEW and examples.splits is not None:
        note = "The given splits are not kept: the examples are divided anew."
        examples = replace(examples, splits=None, notes=(*examples.notes, note))
    task, why = choose_task(_learnable_targets(examples), spec.task)
    check_wanted(task, spec)
    if spec.stack and task.reads_maps:
        raise UsageError(
            f"--stack is for answers about a whole volume; {task.name} says where things lie in a picture."
        )
    modality = MODALITIES.load(examples.modality)()
    examples, task = with_patients(examples, modality, spec.group), told(task, spec, _learnable_targets(examples))
    progress.say(f"Read {len(examples)} {modality.noun} from {examples.source}. Task: {why}.")
    say_notes((*examples.notes, *_without_examples(task, spec)), progress)
    return Found(examples, modality, task)


def prepare(
    found: Found,
    spec: FitSpec,
    stopwatch: Stopwatch,
    progress: Progress,
    most: float = MOST_SET_ASIDE,
    whole: bool = False,
) -> Material:
    """Look at every example and split them.

    Where groups are to be inferred the split is for the time being, and nothing is said of it:
    :func:`headstart.experiment.examination.grouping.grouped` divides anew.

    Parameters
    ----------
    most : the share of unreadable examples beyond which they are a mistake of the whole.
    whole : examples of which none can be held out are taken undivided, which is said.

    Raises
    ------
    InputError : with every mistake of the examples; TooFewLeft, where more than a tenth was set aside.
    """
    store = FrontierStore(store_folder()) if spec.store else None
    looked = KeptLooks(store, found.modality)
    checked = check(found.examples, found.modality, progress, looked, stopwatch, most, found.digests)
    say_notes(checked.notes, progress)
    say_set_aside(checked.set_aside, progress, ", listed in the report")
    checked = with_near_families(checked, found.modality, looked, store)
    try:
        return _divided(checked, found, spec, looked, store, progress, whole)
    except InputError as error:
        if len(checked.set_aside) > MOST_SET_ASIDE * len(found.examples):
            raise TooFewLeft(str(error), checked) from error
        raise


def _divided(
    checked: Checked,
    found: Found,
    spec: FitSpec,
    looked: KeptLooks,
    store: FrontierStore | None,
    progress: Progress,
    whole: bool,
) -> Material:
    """The examples divided, or undivided where none can be held out, and they may be taken `whole`."""
    said = Progress(quiet=True) if infers(found, spec) else progress
    try:
        return divided(checked, found.task, spec, looked, store, said)
    except NoneHeldOut as error:
        if not whole:
            raise
        progress.say(f"  note: {error} They are looked at undivided.")
        return divided(checked, found.task, spec, looked, store, said, held_out=False)


def infers(found: Found, spec: FitSpec) -> bool:
    """Whether groups are to be inferred: it was asked for, and nothing says it for certain."""
    return spec.group == AUTO and found.examples.groups is None


def divided(
    checked: Checked,
    task: Task,
    spec: FitSpec,
    looked: KeptLooks,
    store: FrontierStore | None,
    progress: Progress,
    held_out: bool = True,
) -> Material:
    """The split, and the task with the label set of what is learnt; without `held_out` nothing judges.

    Raises
    ------
    InputError : with every target that cannot be used; or nothing can be held out.
    """
    targets = _usable_targets(checked.examples, task)
    strata = task.strata(targets)
    parts = split_of(checked, strata, spec.seed, *((spec.test_share,) if held_out else (0.0, 0.0)))
    made = _of_what_is_learnt(task, parts, targets, spec)
    if unknown := [row for row in parts.test if made.problem(targets[row])]:
        if "test" in (checked.examples.splits or ()):
            ids = [checked.examples.ids[row] for row in unknown]
            raise InputError(made.problems(ids, [targets[row] for row in unknown]), _REFUSED.format(len(unknown)))
        parts = learnt_instead(checked, parts, unknown)
        made = _of_what_is_learnt(task, parts, targets, spec)
    say_notes(parts.notes, progress)
    if parts.out_of_fold:
        held = "none held out, they are judged out of fold"
    else:
        held = f"{len(parts.validation)} held out to compare"
    tested = f"{len(parts.test)} for the final test" if len(parts.test) else "none for a final test"
    progress.say(f"Split: {len(parts.train)} to learn from, {held}, {tested}.")
    return Material(checked, made, parts, looked, store)


def _of_what_is_learnt(task: Task, parts: Split, targets: list[Any], spec: FitSpec) -> Task:
    """The task with the label set and the class counts of what is learnt, not of the test split."""
    learnt = [targets[i] for i in [*parts.train, *parts.validation]]
    return told(task.anew(learnt), spec, learnt)


def told(task: Task, spec: FitSpec, targets: Sequence[Any]) -> Task:
    """`task`, told what a person said of its classes, and how large its pictures are to be on the device.

    Raises
    ------
    UsageError : a size of pictures is asked for, and the task has none.
    """
    framed = task.framed(targets, spec.frame, choose_device(spec.device).type)
    return framed.with_names(spec.labels) if spec.labels else framed


def _without_examples(task: Task, spec: FitSpec) -> tuple[str, ...]:
    """A note on the names of which there is no example."""
    known = {name.label for name in task.named() or []}
    left_out = [name.label for name in spec.labels if name.label not in known]
    if not left_out:
        return ()
    return (
        f"No example is labelled {', '.join(left_out[:5])}{' …' if len(left_out) > 5 else ''}, so that is left out; "
        "`headstart predict --labels` can add it to a model whose head is made of names.",
    )


def _learnable_targets(examples: Examples) -> list[Any]:
    """The targets that a given test split does not hide."""
    splits = examples.splits or [None] * len(examples)
    return [t for t, s in zip(examples.targets or [], splits, strict=True) if s != "test"]


def _usable_targets(examples: Examples, task: Task) -> list[Any]:
    targets = list(examples.targets or [])
    if problems := task.problems(examples.ids, targets):
        raise InputError(problems, _REFUSED.format(len(problems)))
    return targets


def say_notes(notes: tuple[str, ...], progress: Progress) -> None:
    """What a person should know."""
    for note in notes:
        progress.say(f"  note: {note}")


def say_set_aside(set_aside: list[Problem], progress: Progress, where_all_are: str = "") -> None:
    """The first of what cannot be used, and how many more."""
    for problem in set_aside[:SHOWN_SET_ASIDE]:
        progress.say(f"    - {problem}")
    if len(set_aside) > SHOWN_SET_ASIDE:
        progress.say(f"    … and {len(set_aside) - SHOWN_SET_ASIDE} more{where_all_are}")
