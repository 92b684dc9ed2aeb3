"""What a pretraining on pictures works with: those, a teacher, a student, and labelled examples to probe them on."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from headstart.backbones import beginner, default_card, load, written_as
from headstart.backbones.base import Backbone
from headstart.backbones.images.crops import ImageCrops, same_crops
from headstart.core.device import choose_device
from headstart.core.errors import UsageError, first_line
from headstart.core.files import digest
from headstart.core.progress import Progress
from headstart.core.timing import Stopwatch, say_duration
from headstart.data.checks import Checked
from headstart.data.modalities import MODALITIES
from headstart.data.modalities.base import Modality
from headstart.experiment.bench import check_modality
from headstart.experiment.pretraining.inputs import inputs_of, targets_of
from headstart.experiment.pretraining.learning_material import Material, Wish
from headstart.experiment.pretraining.probe import Probe
from headstart.frozen.holdings import store_folder
from headstart.frozen.store import FrontierStore
from headstart.pretraining.base import OwnMethod, PictureMethod

COURSES = ("stored", "streamed")
"""Whether the teacher answers once for crops that are met again, or for each batch of ever new ones."""

NOBODYS = "your own"
"""The licence of weights that began at random and were learnt without another network's."""


@dataclass(frozen=True)
class PictureWish(Wish):
    """What a person asked for, of pictures.

    Attributes
    ----------
    teacher : None: it is learnt without one.
    student : begins with random weights unless it lies on this machine, and ``fresh`` even then; ``backbone`` goes on
        from its own wherever they come from; where neither is named, the default of what is at hand does.
    course : one of :data:`COURSES`, or AUTO.
    side : of the crops of a streamed course, in pixels; None for the student's own.
    """

    teacher: str | None
    student: str | None
    course: str
    side: int | None
    fresh: bool

    @property
    def names_student(self) -> bool:
        return super().names_student or self.student is not None


@dataclass(frozen=True)
class Teacher:
    """A larger network, and how it is shown a crop."""

    network: Backbone
    sees: ImageCrops


@dataclass(frozen=True)
class GatheredPictures(Material):
    """What a pretraining on pictures works with.

    Attributes
    ----------
    pictures : those that can be read.
    student_sees : a crop as the student takes it; the teacher sees the same one under the same key.
    """

    wish: PictureWish
    pictures: Checked
    modality: Modality
    student_sees: ImageCrops
    taught_by: Teacher | None
    store: FrontierStore

    @property
    def method_name(self) -> str:
        return self.wish.method

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
    def licence(self) -> str:
        """The teacher's, and the student's own where it has any."""
        teachers = [] if self.taught_by is None else [self.taught_by.network.card]
        cards = [*teachers, *([self.student.card] if self.goes_on else [])]
        return " and ".join(dict.fromkeys(card.licence for card in cards)) or NOBODYS

    @property
    def asked(self) -> dict[str, str]:
        return {
            **super().asked,
            "pictures": digest(*self.pictures.fingerprints),
            "teacher": str(self.wish.teacher),
            "course": self.wish.course,
            "size": str(self.wish.side),
            "fresh": str(self.wish.fresh),
        }


def gathered_pictures(
    wish: PictureWish, method: PictureMethod, stopwatch: Stopwatch, progress: Progress
) -> GatheredPictures:
    """Read and check all that is wished for; with the targets of the pictures where `method` learns them.

    Raises
    ------
    HeadstartError : for every mistake in it, with what to do.
    """
    store, labelled = FrontierStore(store_folder()), method.labelled
    pictures = inputs_of(wish.examples, labelled, store, stopwatch, progress)
    task, targets = targets_of(pictures, labelled, progress)
    kind, device = pictures.examples.modality, choose_device(wish.spec.device)
    teacher = None if wish.teacher is None else load(wish.teacher).requires_grad_(False).eval()
    torch.manual_seed(wish.spec.seed)  # for the random weights
    student = _student(wish, kind)
    for backbone in (teacher, student):
        if backbone is not None:
            check_modality(backbone.card.name, backbone.card, kind)
    if isinstance(method, OwnMethod):
        method.lesson(student, task)  # to see that it can learn so, before anything is looked at or written
    config = written_as(student)
    seen, *taught = same_crops(student, *([teacher] if teacher is not None else []))
    taught_by = None if teacher is None else Teacher(teacher, taught[0])
    if wish.side is not None:
        _check_takes(student, seen, wish.side, wish.side)
        if taught_by is not None:
            _check_takes(taught_by.network, taught_by.sees, taught_by.sees.beside(seen, wish.side), wish.side)
    probe = Probe(wish.probe, kind, stopwatch, device) if wish.probe else None
    modality = MODALITIES.load(kind)()
    shown = (pictures, modality, seen, taught_by, store)
    found = GatheredPictures(wish, student, config, probe, device, task, targets, *shown)
    begins = "as it is" if found.goes_on else "from random weights"
    teaches = "" if teacher is None else f"Teacher: {teacher.card.name}. "
    progress.say(f"{teaches}Student: {student.card.name}, {begins}.")
    progress.say(f"Budget: {say_duration(wish.spec.budget)}.")
    return found


@torch.no_grad()
def _check_takes(network: Backbone, sees: ImageCrops, side: int, asked: int) -> None:
    """Return if `network` takes crops of `side` pixels, which it would see where a size of so many is `asked` for.

    Raises
    ------
    UsageError : it does not.
    """
    try:
        network.eval().features({"pixels": torch.zeros(1, sees.channels, side, side)})
    except (RuntimeError, AssertionError, ValueError) as error:
        raise UsageError(
            f"--size {asked}: {network.card.name} takes pictures of {sees.size} pixels, and none of {side} "
            f"({first_line(error).rstrip('.')}). Leave --size out, or take a network for pictures of any size."
        ) from error


def _student(wish: PictureWish, kind: str) -> Backbone:
    """The one that is wished for, or the default of what is at hand; see :class:`PictureWish`."""
    if wish.student is not None:
        return beginner(wish.student, wish.fresh)
    if wish.backbone is not None:
        return load(wish.backbone)
    name = default_card(kind).name
    return beginner(name, fresh=True) if wish.fresh else load(name)
