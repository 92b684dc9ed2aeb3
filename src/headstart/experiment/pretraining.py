"""Pretrains a small backbone on pictures that nobody has labelled, and writes it as a backbone folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headstart.core.errors import UsageError
from headstart.core.progress import Progress
from headstart.core.settings import with_settings
from headstart.core.spec import AUTO, FitSpec
from headstart.core.timing import Stopwatch, parse_duration
from headstart.experiment.pretrained_folder import Pretrained, finished_before, save_pretrained
from headstart.experiment.pretraining_material import COURSES, Wish, gathered
from headstart.experiment.pretraining_run import Run
from headstart.experiment.request import check_request
from headstart.experiment.unfinished import Unfinished, check_out
from headstart.pretraining import METHODS
from headstart.pretraining.base import PretrainingMethod

BUDGET = 1200.0
"""Seconds that it may take unless something else is asked for."""

SMALLEST = 32
"""Pixels of the side of a crop, at least: with fewer, networks have no places left in the end."""


def pretrain(
    data: Any,
    *,
    teacher: str | Path,
    student: str | Path,
    out: str | Path,
    input: str | None = None,
    probe: Any = None,
    probe_target: str | None = None,
    method: str = "distillation",
    epochs: int | None = None,
    budget: str | float = BUDGET,
    seed: int = 0,
    device: str = "auto",
    engine: str = AUTO,
    resume: bool = False,
    quiet: bool = False,
    course: str = AUTO,
    size: int | None = None,
    fresh: bool = False,
) -> Pretrained:
    """Teach `student` what `teacher` gives for the pictures in `data`, and write it into the folder `out`.

    Parameters
    ----------
    teacher : a backbone. student : one of timm or torchvision by name, which begins with random weights; or a folder,
        or a name under HEADSTART_MODELS, to go on from.
    data : a source, or a list of folders.
    input : the column of paths, of a table.
    probe : labelled examples that show whether features improve; ``probe_target`` is their column of targets.
    method : a pretraining method with its settings, ``name:setting=value``.
    epochs : how long; as long as the budget allows unless given.
    course : ``stored``: the teacher answers once, for crops that are met again. ``streamed``: for every batch of ever
        new crops, which is what a GPU gets unless asked otherwise. size : of their sides then, in pixels.
    fresh : the student begins with random weights though it has its own.

    Raises
    ------
    HeadstartError : for every mistake in the request or the data, with what to do.
    """
    seconds = parse_duration(budget) if isinstance(budget, str) else float(budget)
    machine = {"budget": seconds, "seed": seed, "device": device, "engine": engine}
    spec = FitSpec(data, input, backbone=str(teacher), out=Path(out), resume=resume, **machine)  # type: ignore[arg-type]
    probed = None if probe is None else FitSpec(probe, target=probe_target, **machine)  # type: ignore[arg-type]
    wish = Wish(spec, str(teacher), str(student), Path(out), method, epochs, probed, course, size, fresh)
    return carry_out(wish, Progress(quiet))


def carry_out(wish: Wish, progress: Progress) -> Pretrained:
    """Pretrain as it is wished for; what is unfinished lies beside the folder until that is written.

    Raises
    ------
    HeadstartError : for every mistake in the request or the data.
    """
    stopwatch, method = Stopwatch(), _checked(wish)
    if wish.spec.resume and (before := finished_before(wish.out)) is not None:
        progress.say(f"{wish.out} is finished already: nothing is left to do.")
        Unfinished.forget(wish.out)
        return before
    check_out(wish.out)
    material = gathered(wish, stopwatch, progress)
    unfinished = Unfinished(wish.out, wish.spec, material.asked, progress, kind="pretraining")
    try:
        result = Run(material, method, unfinished.folder, stopwatch, progress).learnt()
        unfinished.finish(lambda folder: save_pretrained(result, material.student, material.config, folder))
    except BaseException:
        unfinished.tidy()
        raise
    return result


def _checked(wish: Wish) -> PretrainingMethod:
    """The method that is wished for, if nothing is wrong with the request.

    Raises
    ------
    UsageError : something is.
    """
    check_request(wish.spec)
    method: PretrainingMethod = with_settings(METHODS, wish.method, "--method")
    method.check()
    if wish.epochs is not None and wish.epochs < 1:
        raise UsageError(f"--epochs must be at least 1, got {wish.epochs}.")
    if wish.course not in (AUTO, *COURSES):
        raise UsageError(f"--course must be {AUTO} or one of {', '.join(COURSES)}, got {wish.course!r}.")
    if wish.side is not None and wish.side < SMALLEST:
        raise UsageError(f"--size must be at least {SMALLEST} pixels, got {wish.side}.")
    return method
