"""What a pretraining on pictures gave, and the backbone folder that it is written into, with its provenance."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headstart.backbones import write_folder
from headstart.backbones.base import Backbone
from headstart.core.files import write_json
from headstart.core.timing import say_duration
from headstart.experiment.pretraining.pretrained_folder import RESULT, Pretrained, card_of


@dataclass(frozen=True, kw_only=True)
class PretrainedPictures(Pretrained):
    """What a pretraining on pictures gave.

    Attributes
    ----------
    teacher : None where it learnt without one. pictures : how many it was shown crops of, and learnt from.
    crops : that it was shown; where they are met again each counts once.
    """

    teacher: str | None
    pictures: int
    crops: int

    @property
    def pretraining(self) -> str:
        how = f"pretrained by {self.method}" if self.teacher is None else f"taught by {self.teacher}"
        labelled = "labelled " if self.labelled else ""
        return f"{self.went_on}{how} on {self.pictures:,} {labelled}pictures of {self.source}"

    @property
    def learnt(self) -> str:
        return (
            f"{self.epochs} epochs on {self.crops:,} crops of {self.pictures:,} pictures; loss {self.losses[0]:.4f} "
            f"in the first, {self.losses[-1]:.4f} in the last."
        )


def save_pictures(result: PretrainedPictures, student: Backbone, config: Mapping[str, Any], folder: Path) -> None:
    """Write the `student` into `folder` as a backbone that is read by its path or under HEADSTART_MODELS.

    Raises
    ------
    HeadstartError : the disk is full or not writable.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known: dict[str, Any] = {"license": result.licence, "pretraining": result.pretraining}
    before = 0 if result.random_weights else _learnt_before(student)
    if result.random_weights or before:
        known["learnt_from"] = before + result.pictures
    write_json(folder / RESULT, result.to_json())
    write_folder(student, folder, {**config, **known}, _card(result, student))


def _learnt_before(student: Backbone) -> int:
    """The pictures that a student from a folder of this kind had learnt from before; 0 where that is not said."""
    config = Path(student.card.path) / "config.json"
    if not student.card.path or not config.is_file():
        return 0
    return int(json.loads(config.read_text(encoding="utf-8")).get("learnt_from", 0))


def _card(result: PretrainedPictures, student: Backbone) -> str:
    begun = "random weights" if result.random_weights else "its own weights, which went on learning"
    facts = [
        f"Student: {result.student}, begun with {begun}.",
        f"Teacher: {result.teacher or 'none'}. The licence above is that of the weights it learnt from.",
        f"Learnt from: {result.pictures:,} pictures of {result.source}{result.with_labels}; "
        "these have terms of their own.",
        f"How: {result.method}, {result.crops:,} crops, {result.epochs} epochs in {say_duration(result.seconds)}; "
        f"{result.stopped_because}.",
    ]
    return card_of(result, student, "pictures", facts)
