"""Pretrains a backbone on a person's own pictures, and writes it as a backbone folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headstart.core.progress import Progress
from headstart.core.spec import AUTO, FitSpec
from headstart.core.timing import Stopwatch, parse_duration
from headstart.experiment.pretrained_folder import Pretrained, finished_before, save_pretrained
from headstart.experiment.pretraining_choice import checked_method, chosen_method, why_chosen
from headstart.experiment.pretraining_material import Wish, gathered
from headstart.experiment.pretraining_run import Run
from headstart.experiment.request import check_request
from headstart.experiment.unfinished import Unfinished, check_out

BUDGET = 1200.0
"""Seconds that it may take unless something else is asked for."""


def pretrain(
    data: Any,
    *,
    out: str | Path,
    teacher: str | Path | None = None,
    student: str | Path | None = None,
    backbone: str | Path | None = None,
    input: str | None = None,
    target: str | None = None,
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
) -> Pretrained:
    """Let a network learn from the pictures in `data`, and write it into the folder `out`.

    Parameters
    ----------
    teacher : a backbone whose answers are learnt; without one the network learns from the pictures alone.
    student : what learns: one of timm or torchvision by name, which begins with random weights; or a folder, or a
        name under HEADSTART_MODELS, to go on from. backbone : any backbone, which goes on from its own weights.
        Without either the default of what is at hand goes on.
    data : a source, or a list of folders.
    input : the column of paths, of a table. target : that of targets, where the method learns from those.
    probe : labelled examples that show whether features improve; ``probe_target`` is their column of targets.
    method : a pretraining method with its settings, ``name:setting=value``; distillation with a teacher, a joint
        embedding without, unless one is named.
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
    taught = None if teacher is None else str(teacher)
    spec = FitSpec(data, input, target, backbone=taught, out=Path(out), resume=resume, **machine)  # type: ignore[arg-type]
    probed = None if probe is None else FitSpec(probe, target=probe_target, **machine)  # type: ignore[arg-type]
    begins = [None if each is None else str(each) for each in (student, backbone)]
    chosen = chosen_method(method, taught)
    wish = Wish(spec, taught, begins[0], Path(out), chosen, epochs, probed, course, size, fresh, begins[1])
    return carry_out(wish, Progress(quiet), method)


def carry_out(wish: Wish, progress: Progress, asked: str) -> Pretrained:
    """Pretrain as it is wished for; what is unfinished lies beside the folder until that is written.

    Parameters
    ----------
    asked : the method as a person asked for it, AUTO where nobody did.

    Raises
    ------
    HeadstartError : for every mistake in the request or the data.
    """
    check_request(wish.spec)
    stopwatch, method = Stopwatch(), checked_method(wish)
    if wish.spec.resume and (before := finished_before(wish.out)) is not None:
        progress.say(f"{wish.out} is finished already: nothing is left to do.")
        Unfinished.forget(wish.out)
        return before
    check_out(wish.out)
    progress.say(why_chosen(asked, wish, method))
    material = gathered(wish, method.labelled, stopwatch, progress)
    unfinished = Unfinished(wish.out, wish.spec, material.asked, progress, kind="pretraining")
    try:
        result = Run(material, method, unfinished.folder, stopwatch, progress).learnt()
        unfinished.finish(lambda folder: save_pretrained(result, material.student, material.config, folder))
    except BaseException:
        unfinished.tidy()
        raise
    return result
