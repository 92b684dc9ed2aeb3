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
from headstart.experiment.pretrained_texts import PretrainedTexts
from headstart.experiment.pretraining_material import COURSES, Wish, gathered
from headstart.experiment.pretraining_run import Run
from headstart.experiment.reading import holds_texts, read_through, refuse
from headstart.experiment.reading_material import ReadingWish
from headstart.experiment.request import check_request
from headstart.experiment.running import through
from headstart.experiment.unfinished import Unfinished, check_out
from headstart.pretraining import METHODS
from headstart.pretraining.base import TaughtMethod

DISTILLATION = "distillation"
"""The method of pictures, unless another is asked for."""

BUDGET = 1200.0
"""Seconds that it may take unless something else is asked for."""

SMALLEST = 32
"""Pixels of the side of a crop, at least: with fewer, networks have no places left in the end."""


def pretrain(
    data: Any,
    *,
    out: str | Path,
    teacher: str | Path | None = None,
    student: str | Path | None = None,
    backbone: str | Path | None = None,
    input: str | None = None,
    probe: Any = None,
    probe_target: str | None = None,
    method: str = AUTO,
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
    architecture: str | None = None,
    rate: float | None = None,
) -> Pretrained | PretrainedTexts:
    """Pretrain on `data` and write a backbone into the folder `out`.

    Of pictures `student` learns what `teacher` gives. Of texts a network learns from the texts themselves.

    Parameters
    ----------
    teacher : a backbone. student : one of timm or torchvision by name, which begins with random weights; or a folder,
        or a name under HEADSTART_MODELS, to go on from.
    backbone : of texts, which goes on from its own weights; the default of what is at hand unless named.
    data : a source, or a list of folders.
    input : the column of paths or of texts, of a table.
    probe : labelled examples that show whether features improve; ``probe_target`` is their column of targets.
    method : a pretraining method with its settings, ``name:setting=value``; what suits the network unless named.
    epochs : how long; as long as the budget allows unless given.
    course : ``stored``: the teacher answers once, for crops that are met again. ``streamed``: for every batch of ever
        new crops, which is what a GPU gets unless asked otherwise. size : of their sides then, in pixels.
    fresh : the student begins with random weights though it has its own.
    architecture : of texts, a recurrent one with its sizes, ``name:size=value``, which begins with random weights.
    rate : of texts, the peak learning rate; what suits the network unless given.

    Raises
    ------
    HeadstartError : for every mistake in the request or the data, with what to do.
    """
    seconds = parse_duration(budget) if isinstance(budget, str) else float(budget)
    machine = {"budget": seconds, "seed": seed, "device": device, "engine": engine}
    named = teacher or backbone
    spec = FitSpec(
        data,
        input,
        backbone=str(named) if named else None,
        out=Path(out),
        resume=resume,
        **machine,  # type: ignore[arg-type]
    )
    probed = None if probe is None else FitSpec(probe, target=probe_target, **machine)  # type: ignore[arg-type]
    if holds_texts(spec):
        of_pictures = {"teacher": teacher, "student": student, "size": size, "fresh": fresh}
        refuse(of_pictures, "for pictures, and these are texts")
        if architecture is not None and backbone is not None:
            raise UsageError("--architecture begins with random weights and --backbone goes on: leave one out.")
        begun = None if backbone is None else str(backbone)
        reading = ReadingWish(spec, begun, Path(out), method, epochs, probed, rate, architecture)
        return read_through(reading, Progress(quiet))
    refuse({"architecture": architecture, "rate": rate}, "for texts, and these are pictures")
    if teacher is None or student is None:
        raise UsageError("Of pictures a student learns from a teacher: name both, with --teacher and --student.")
    chosen = DISTILLATION if method == AUTO else method
    wish = Wish(spec, str(teacher), str(student), Path(out), chosen, epochs, probed, course, size, fresh)
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
    return through(
        unfinished,
        Run(material, method, unfinished.folder, stopwatch, progress).learnt,
        lambda result, folder: save_pretrained(result, material.student, material.config, folder),
    )


def _checked(wish: Wish) -> TaughtMethod:
    """The method that is wished for, if nothing is wrong with the request.

    Raises
    ------
    UsageError : something is.
    """
    check_request(wish.spec)
    method = with_settings(METHODS, wish.method, "--method")
    if not isinstance(method, TaughtMethod):
        raise UsageError(f"--method {wish.method} is not for pictures with a teacher; take {DISTILLATION}.")
    method.check()
    if wish.epochs is not None and wish.epochs < 1:
        raise UsageError(f"--epochs must be at least 1, got {wish.epochs}.")
    if wish.course not in (AUTO, *COURSES):
        raise UsageError(f"--course must be {AUTO} or one of {', '.join(COURSES)}, got {wish.course!r}.")
    if wish.side is not None and wish.side < SMALLEST:
        raise UsageError(f"--size must be at least {SMALLEST} pixels, got {wish.side}.")
    return method
