"""What a pretraining works with: pictures, a teacher, a student, and labelled examples to probe them on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from headstart.backbones import beginner, load, written_as
from headstart.backbones._image_crops import ImageCrops, same_crops
from headstart.backbones.base import Backbone
from headstart.core.device import choose_device
from headstart.core.errors import InputError
from headstart.core.files import digest
from headstart.core.progress import Progress
from headstart.core.spec import AUTO, FitSpec
from headstart.core.timing import Stopwatch, say_duration
from headstart.data.checks import Checked, check
from headstart.data.modalities import MODALITIES
from headstart.data.modalities.base import Modality
from headstart.data.readers._folders import is_path
from headstart.data.readers._kinds_of_input import ending, suffixes
from headstart.data.readers.base import Request
from headstart.data.several_sources import read_together
from headstart.experiment.bench import check_modality
from headstart.experiment.looks import KeptLooks
from headstart.experiment.material import say_notes
from headstart.experiment.pretraining_probe import Probe
from headstart.frozen.holdings import store_folder
from headstart.frozen.store import FrontierStore

COURSES = ("stored", "streamed")
"""Whether the teacher answers once for crops that are met again, or for each batch of ever new ones."""


@dataclass(frozen=True)
class Wish:
    """What a person asked for; ``spec`` says on what, how long it may take, and what computes.

    ``epochs`` None: as many as the budget allows. ``probe`` are labelled examples, None where there are none.
    ``course`` is one of :data:`COURSES`, or AUTO. ``side`` of the crops of a streamed course, in pixels; None for the
    student's own. ``fresh``: a student on this machine begins with random weights too.
    """

    spec: FitSpec
    teacher: str
    student: str
    out: Path
    method: str
    epochs: int | None
    probe: FitSpec | None
    course: str = AUTO
    side: int | None = None
    fresh: bool = False


@dataclass(frozen=True)
class Gathered:
    """What a pretraining works with.

    Attributes
    ----------
    pictures : those that can be read. config : of the folder that the student is written into.
    student_sees, teacher_sees : the same crop under the same key, each as its network takes it.
    """

    wish: Wish
    pictures: Checked
    modality: Modality
    teacher: Backbone
    student: Backbone
    config: Mapping[str, Any]
    student_sees: ImageCrops
    teacher_sees: ImageCrops
    probe: Probe | None
    store: FrontierStore
    device: torch.device

    @property
    def goes_on(self) -> bool:
        """Whether the student has learnt before."""
        return bool(self.student.card.path)

    @property
    def licence(self) -> str:
        """Of the weights that are learnt from: the teacher's, and the student's own where it has any."""
        cards = [self.teacher.card, *([self.student.card] if self.goes_on else [])]
        return " and ".join(dict.fromkeys(card.licence for card in cards))

    @property
    def asked(self) -> dict[str, str]:
        """What must be the same for a pretraining to be resumed, beside the request."""
        return {
            "pictures": digest(*self.pictures.fingerprints),
            "student": self.student.card.name,
            "method": self.wish.method,
            "epochs": str(self.wish.epochs),
            "course": self.wish.course,
            "size": str(self.wish.side),
            "fresh": str(self.wish.fresh),
            "probe": self.probe.fingerprint if self.probe else "",
        }


def gathered(wish: Wish, stopwatch: Stopwatch, progress: Progress) -> Gathered:
    """Read and check all that is wished for.

    Raises
    ------
    HeadstartError : for every mistake in it, with what to do.
    """
    store = FrontierStore(store_folder())
    pictures = unlabelled(wish.spec, store, stopwatch, progress)
    kind, device = pictures.examples.modality, choose_device(wish.spec.device)
    teacher = load(wish.teacher).requires_grad_(False).eval()
    torch.manual_seed(wish.spec.seed)  # for the random weights
    student = beginner(wish.student, wish.fresh)
    for name, backbone in ((wish.teacher, teacher), (wish.student, student)):
        check_modality(name, backbone.card, kind)
    config = written_as(student)
    seen, taught = same_crops(student, teacher)
    probe = Probe(wish.probe, kind, stopwatch, device) if wish.probe else None
    modality = MODALITIES.load(kind)()
    found = Gathered(wish, pictures, modality, teacher, student, config, seen, taught, probe, store, device)
    begins = "as it is" if found.goes_on else "from random weights"
    progress.say(f"Teacher: {teacher.card.name}. Student: {student.card.name}, {begins}.")
    progress.say(f"Budget: {say_duration(wish.spec.budget)}.")
    return found


def sources_of(data: Any) -> list[Any]:
    """What was handed over as a list of sources: it is one where a folder, a table or a text file is among paths."""
    paths = isinstance(data, list | tuple) and all(isinstance(each, str | Path) for each in data)
    return list(data) if paths and any(map(_holds_several, data)) else [data]


def _holds_several(source: str | Path) -> bool:
    """Whether it is a path at which a reader finds several inputs: a folder, or a file that is no input itself."""
    if not is_path(source):
        return False
    path = Path(source).expanduser()
    return path.is_dir() or (path.is_file() and ending(path) not in suffixes())


def names_of(data: Any) -> str:
    """``photos and scans``: the sources' own names."""
    return " and ".join(Path(str(each)).resolve().name for each in sources_of(data))


def unlabelled(spec: FitSpec, store: FrontierStore, stopwatch: Stopwatch, progress: Progress) -> Checked:
    """The inputs that can be read, whatever their labels; none of a test split that the data give.

    Raises
    ------
    InputError : there is none, or too many are damaged.
    """
    requests = [Request(each, spec.input, needs_targets=False, fits=False) for each in sources_of(spec.data)]
    examples = read_together(requests)
    splits = examples.splits or [None] * len(examples)
    rows = [row for row, name in enumerate(splits) if name != "test"]
    modality, left = MODALITIES.load(examples.modality)(), len(examples) - len(rows)
    progress.say(f"Read {len(rows)} {modality.noun} from {examples.source}; no label is looked at.")
    say_notes((*examples.notes, *((f"Left out: {left} of a test split.",) if left else ())), progress)
    if not rows:
        raise InputError(f"{examples.source}: holds nothing outside of its test split.")
    examples = replace(examples.select(rows), targets=None, splits=None)
    checked = check(examples, modality, progress, KeptLooks(store, modality), stopwatch)
    say_notes(checked.notes, progress)
    return checked
