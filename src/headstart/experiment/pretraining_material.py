"""What a pretraining works with: pictures, a teacher, a student, and labelled examples to probe them on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from headstart.backbones import beginner, default_card, load, written_as
from headstart.backbones._image_crops import ImageCrops, same_crops
from headstart.backbones.base import Backbone
from headstart.core.arrays import bytes_of
from headstart.core.device import choose_device
from headstart.core.errors import UsageError
from headstart.core.files import digest
from headstart.core.progress import Progress
from headstart.core.spec import AUTO, FitSpec
from headstart.core.timing import Stopwatch, say_duration
from headstart.data.checks import Checked
from headstart.data.modalities import MODALITIES
from headstart.data.modalities.base import Modality
from headstart.data.several_sources import sources_of
from headstart.experiment.bench import check_modality
from headstart.experiment.pretraining_pictures import pictures_of, targets_of
from headstart.experiment.pretraining_probe import Probe
from headstart.frozen.holdings import store_folder
from headstart.frozen.store import FrontierStore
from headstart.tasks.base import Task

COURSES = ("stored", "streamed")
"""Whether the teacher answers once for crops that are met again, or for each batch of ever new ones."""

NOBODYS = "your own"
"""The licence of weights that began at random and were learnt without another network's."""


@dataclass(frozen=True)
class Wish:
    """What a person asked for; ``spec`` says on what, how long it may take, and what computes.

    ``teacher`` None: it is learnt without one. ``student`` begins with random weights unless it lies on this machine,
    ``backbone`` goes on from its own wherever they come from; where neither is named, the default of what is at hand
    does. ``epochs`` None: as many as the budget allows. ``probe`` are labelled examples, None where there are none.
    ``course`` is one of :data:`COURSES`, or AUTO. ``side`` of the crops of a streamed course, in pixels; None for the
    student's own. ``fresh``: a student on this machine begins with random weights too.
    """

    spec: FitSpec
    teacher: str | None
    student: str | None
    out: Path
    method: str
    epochs: int | None
    probe: FitSpec | None
    course: str = AUTO
    side: int | None = None
    fresh: bool = False
    backbone: str | None = None


@dataclass(frozen=True)
class Teacher:
    """A larger network, and how it is shown a crop."""

    network: Backbone
    sees: ImageCrops


@dataclass(frozen=True)
class Gathered:
    """What a pretraining works with.

    Attributes
    ----------
    pictures : those that can be read. task : what their targets mean, None where none are learnt from, and
        ``targets`` are then (N, 0).
    config : of the folder that the student is written into.
    student_sees : a crop as the student takes it; the teacher sees the same one under the same key.
    """

    wish: Wish
    pictures: Checked
    task: Task | None
    targets: Tensor
    modality: Modality
    student: Backbone
    config: Mapping[str, Any]
    student_sees: ImageCrops
    taught_by: Teacher | None
    probe: Probe | None
    store: FrontierStore
    device: torch.device

    @property
    def teacher(self) -> Teacher:
        """Who teaches.

        Raises
        ------
        UsageError : nobody does.
        """
        if self.taught_by is None:
            raise UsageError(f"--method {self.wish.method} learns from a teacher: name one with --teacher.")
        return self.taught_by

    @property
    def goes_on(self) -> bool:
        """Whether the student has learnt before."""
        return bool(self.student.card.path)

    @property
    def licence(self) -> str:
        """Of the weights that are learnt from: the teacher's, and the student's own where it has any."""
        teachers = [] if self.taught_by is None else [self.taught_by.network.card]
        cards = [*teachers, *([self.student.card] if self.goes_on else [])]
        return " and ".join(dict.fromkeys(card.licence for card in cards)) or NOBODYS

    @property
    def asked(self) -> dict[str, str]:
        """What must be the same for a pretraining to be resumed, beside the request."""
        return {
            "pictures": digest(*self.pictures.fingerprints),
            "targets": digest(bytes_of(self.targets.numpy())),
            "teacher": str(self.wish.teacher),
            "student": self.student.card.name,
            "method": self.wish.method,
            "epochs": str(self.wish.epochs),
            "course": self.wish.course,
            "size": str(self.wish.side),
            "fresh": str(self.wish.fresh),
            "probe": self.probe.fingerprint if self.probe else "",
        }


def gathered(wish: Wish, labelled: bool, stopwatch: Stopwatch, progress: Progress) -> Gathered:
    """Read and check all that is wished for; with the targets of the pictures where they are `labelled`.

    Raises
    ------
    HeadstartError : for every mistake in it, with what to do.
    """
    store = FrontierStore(store_folder())
    pictures = pictures_of(wish.spec, labelled, store, stopwatch, progress)
    task, targets = targets_of(pictures, labelled, progress)
    kind, device = pictures.examples.modality, choose_device(wish.spec.device)
    teacher = None if wish.teacher is None else load(wish.teacher).requires_grad_(False).eval()
    torch.manual_seed(wish.spec.seed)  # for the random weights
    student = _student(wish, kind)
    for backbone in (teacher, student):
        if backbone is not None:
            check_modality(backbone.card.name, backbone.card, kind)
    config = written_as(student)
    seen, *taught = same_crops(student, *([teacher] if teacher is not None else []))
    taught_by = None if teacher is None else Teacher(teacher, taught[0])
    probe = Probe(wish.probe, kind, stopwatch, device) if wish.probe else None
    modality = MODALITIES.load(kind)()
    found = Gathered(wish, pictures, task, targets, modality, student, config, seen, taught_by, probe, store, device)
    begins = "as it is" if found.goes_on else "from random weights"
    teaches = "" if teacher is None else f"Teacher: {teacher.card.name}. "
    progress.say(f"{teaches}Student: {student.card.name}, {begins}.")
    progress.say(f"Budget: {say_duration(wish.spec.budget)}.")
    return found


def _student(wish: Wish, kind: str) -> Backbone:
    """The one that is wished for, or the default of what is at hand; see :class:`Wish` for what it begins with."""
    if wish.student is not None:
        return beginner(wish.student, wish.fresh)
    if wish.backbone is not None:
        return load(wish.backbone)
    name = default_card(kind).name
    return beginner(name, fresh=True) if wish.fresh else load(name)


def names_of(data: Any) -> str:
    """``photos and scans``: the sources' own names."""
    return " and ".join(Path(str(each)).resolve().name for each in sources_of(data))
