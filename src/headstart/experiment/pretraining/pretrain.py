"""Pretrains a backbone on a person's own pictures or texts, and writes it as a backbone folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headstart.core.errors import UsageError
from headstart.core.progress import Progress
from headstart.core.spec import AUTO, FitSpec
from headstart.core.timing import in_seconds
from headstart.experiment.pretraining.choice import chosen_method, learns_labels
from headstart.experiment.pretraining.inputs import read_sources
from headstart.experiment.pretraining.picture_material import PictureWish
from headstart.experiment.pretraining.pictures import look_through
from headstart.experiment.pretraining.pretrained_pictures import PretrainedPictures
from headstart.experiment.pretraining.pretrained_texts import PretrainedTexts
from headstart.experiment.pretraining.reading_material import ReadingWish
from headstart.experiment.pretraining.texts import read_through
from headstart.pretraining._text_method import TextMethod

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
    architecture: str | None = None,
    rate: float | None = None,
) -> PretrainedPictures | PretrainedTexts:
    """Let a network learn from the pictures or the texts in `data`, and write it into the folder `out`.

    Parameters
    ----------
    data : a source, or a list of folders, tables and text files.
    backbone : what goes on from its own weights; the default of what is at hand where nothing else is to learn.
    input : the column of paths or texts, of a table. target : the column of targets, where the method learns those.
    probe : labelled examples that show whether features improve; ``probe_target`` is their column of targets.
    method : a pretraining method with its settings, ``name:setting=value``; unless one is named, of pictures
        distillation with a teacher and a joint embedding without, of texts what suits the network.
    epochs : how long; as long as the budget allows unless given.
    rate : the peak learning rate; what suits unless given.
    engine : of pictures, what runs the teacher of a stored course; the fastest in a trial unless given.
    teacher : of pictures, a backbone whose answers are learnt; without one the pictures alone are learnt from.
    student : of pictures, what learns: one of timm or torchvision by name, which begins with random weights; or a
        folder, or a name under HEADSTART_MODELS, to go on from. fresh : it begins with random weights even so.
    course : of pictures, ``stored``: the teacher answers once, for crops that are met again; or ``streamed``: for
        every batch of ever new crops, which is what a GPU gets unless asked otherwise.
    size : of pictures, that of the sides of streamed crops, in pixels.
    architecture : of texts, a recurrent one with its sizes, ``name:size=value``, which begins with random weights.

    Raises
    ------
    HeadstartError : for every mistake in the request or the data, with what to do.
    """
    if probe is None and probe_target is not None:
        raise UsageError("--probe-target is a column of labelled examples: name those with --probe, or leave it out.")
    seconds = in_seconds(budget)
    machine = {"budget": seconds, "seed": seed, "device": device, "engine": engine}
    taught, begun, own = (None if each is None else str(each) for each in (teacher, backbone, student))
    spec = FitSpec(data, input, target, backbone=taught or begun, out=Path(out), resume=resume, **machine)  # type: ignore[arg-type]
    probed = None if probe is None else FitSpec(probe, target=probe_target, **machine)  # type: ignore[arg-type]
    examples = read_sources(spec, learns_labels(method))
    if examples.modality in TextMethod.modalities:
        of_pictures = {"teacher": taught, "student": own, "size": size, "fresh": fresh}
        of_teachers = {"course": None if course == AUTO else course, "engine": None if engine == AUTO else engine}
        _refuse({**of_pictures, **of_teachers}, "for pictures, and these are texts")
        reading = ReadingWish(spec, examples, Path(out), begun, method, epochs, probed, rate, architecture)
        return read_through(reading, Progress(quiet))
    _refuse({"architecture": architecture}, "for texts, and these are pictures")
    chosen = chosen_method(method, taught)
    wish = PictureWish(
        spec, examples, Path(out), begun, chosen, epochs, probed, rate, taught, own, course, size, fresh
    )
    return look_through(wish, Progress(quiet), method)


def _refuse(options: Mapping[str, Any], why: str) -> None:
    """Raise where an option was given that means nothing here.

    Raises
    ------
    UsageError : one was.
    """
    given = [f"--{name}" for name, value in options.items() if value]
    if given:
        raise UsageError(f"{' and '.join(given)} {'is' if len(given) == 1 else 'are'} {why}.")
