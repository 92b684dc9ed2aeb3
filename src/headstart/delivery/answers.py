"""The answers of a finished model, and how those that are pictures are written as a folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from headstart.core.errors import Problem, UsageError
from headstart.core.files import whole_folder
from headstart.core.paths import without_ending
from headstart.data.modalities import MODALITIES
from headstart.delivery.boxed_pictures import PICTURES, Boxed, covered, write_boxes
from headstart.delivery.inference import Computed
from headstart.delivery.predictions import write_predictions
from headstart.tasks.base import Predictions, Task

TABLE, MASK = "predictions.csv", "mask"


@dataclass(frozen=True)
class MaskPictures:
    """Answers that are pictures; when called it makes, one after the other, a PNG of the size of each input."""

    task: Task
    modality: str
    seen: Computed

    def __call__(self) -> Iterator[bytes]:
        kind = MODALITIES.load(self.modality)()
        for reference, answer in zip(self.seen.examples.references, self.seen.outputs, strict=True):
            yield self.task.picture(answer, kind.extent(reference))

    def over_inputs(self) -> Iterator[tuple[bytes, bytes]]:
        """Each PNG, and a JPEG of the input under its colours."""
        kind = MODALITIES.load(self.modality)()
        for reference, mask in zip(self.seen.examples.references, self(), strict=True):
            yield mask, covered(kind.decode(reference), mask)


@dataclass
class Answer:
    """Predictions for the inputs that could be read; the others are named in ``set_aside``.

    ``pictures`` makes the PNG of each where the model's answers are pictures; else it is None. ``boxed`` is what the
    answers lie in where they are boxes.
    """

    ids: list[str]
    predictions: Predictions
    set_aside: list[Problem]
    pictures: MaskPictures | None = None
    boxed: Boxed | None = None


def no_guard(task: Task, otherwise: str) -> UsageError:
    """There is no guard: `otherwise`, unless the task is one whose models have none."""
    if not task.reads_maps:
        return UsageError(otherwise)
    return UsageError(
        f"A model for {task.name.replace('_', ' ')} answers for every place of an input, and keeps no features of "
        "whole ones by which inputs are compared, ranked, explained or taken for unfamiliar."
    )


def write_pictures(folder: Path, answer: Answer) -> None:
    """Write a PNG an input, the input under its colours, and the table, which names it, whole or not at all.

    Boxes are written as :func:`headstart.delivery.boxed_pictures.write_boxes` does.

    Raises
    ------
    HeadstartError : the disk is full or not writable.
    """
    if answer.boxed is not None:
        write_boxes(folder, answer.ids, picture_names(answer.ids), answer.predictions, answer.boxed)
        return
    if answer.pictures is None:
        raise UsageError("The answers of this model are no pictures; name a table, such as predictions.csv.")
    names = picture_names(answer.ids)
    with whole_folder(folder) as temporary:
        for name, (mask, shown) in zip(names, answer.pictures.over_inputs(), strict=True):
            for path, content in ((Path(name), mask), (Path(PICTURES, name).with_suffix(".jpg"), shown)):
                (temporary / path).parent.mkdir(parents=True, exist_ok=True)
                (temporary / path).write_bytes(content)
        columns = {**answer.predictions.columns, MASK: names}
        write_predictions(temporary / TABLE, answer.ids, Predictions(columns))


def picture_names(ids: Sequence[str]) -> list[str]:
    """A file name like its own for each input: ``a.jpg`` → ``a.png``, or ``a.jpg.png`` where another has it."""
    parts = [PurePath(*(part for part in PurePath(name).parts if part not in ("..", "/"))) for name in ids]
    short = [f"{without_ending(path).as_posix()}.png" for path in parts]
    often = Counter(short)
    return [name if often[name] == 1 else f"{path.as_posix()}.png" for name, path in zip(short, parts, strict=True)]
