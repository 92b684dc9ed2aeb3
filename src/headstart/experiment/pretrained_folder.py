"""What a pretraining gave, and the backbone folder that it is written into, with licence and provenance."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headstart.backbones import write_folder
from headstart.backbones.base import Backbone
from headstart.core.counts import say_count
from headstart.core.files import write_json
from headstart.core.results import Figure
from headstart.core.timing import say_duration
from headstart.delivery.writing import figure_interval, figure_name, figure_value
from headstart.experiment.pretraining_probe import Probed

RESULT = "pretraining.json"


@dataclass(frozen=True)
class Pretrained:
    """What a pretraining gave.

    Attributes
    ----------
    backbone : the folder. random_weights : whether the student began with such.
    licence : of the weights that it learnt from. source : the name of the data, and so many ``pictures`` of it.
    crops : for which the teacher answered. losses : of each epoch. looks : [epoch, watched figure] of the probe.
    """

    backbone: str
    teacher: str
    student: str
    random_weights: bool
    method: str
    licence: str
    source: str
    pictures: int
    crops: int
    epochs: int
    stopped_because: str
    seconds: float
    losses: list[float] = field(default_factory=list)
    looks: list[tuple[int, float]] = field(default_factory=list)
    probe: Probed | None = None

    def to_json(self) -> dict[str, Any]:
        """The published object of ``pretrain --json``, and ``pretraining.json`` in the folder."""
        return {**vars(self), "probe": self.probe.to_json() if self.probe else None}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Pretrained:
        """The inverse of :meth:`to_json`."""
        probe = Probed.from_json(plain["probe"]) if plain["probe"] else None
        looks = [(int(epoch), float(value)) for epoch, value in plain["looks"]]
        return cls(**{**plain, "looks": looks, "probe": probe})

    @property
    def pretraining(self) -> str:
        """How it came by its weights, in a line."""
        before = "" if self.random_weights else f"{self.student}, then "
        return f"{before}taught by {self.teacher} on {self.pictures:,} pictures of {self.source}"

    @property
    def told(self) -> list[str]:
        """What it reached, as sentences."""
        return [said_probe(self.probe)] if self.probe else []

    @property
    def learnt(self) -> str:
        """What it learnt from, as a line."""
        return (
            f"{self.epochs} epochs on {self.crops:,} crops of {self.pictures:,} pictures; loss {self.losses[0]:.4f} "
            f"in the first, {self.losses[-1]:.4f} in the last."
        )


def finished_before(folder: Path) -> Pretrained | None:
    """What the pretraining gave that has written `folder`; None where none has."""
    file = folder / RESULT
    return Pretrained.from_json(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None


def save_pretrained(result: Pretrained, student: Backbone, config: Mapping[str, Any], folder: Path) -> None:
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


def _card(result: Pretrained, student: Backbone) -> str:
    weights = say_count(sum(parameter.numel() for parameter in student.parameters()))
    begun = "random weights" if result.random_weights else "its own weights, which went on learning"
    lines = [
        f"licence: {result.licence}",
        "",
        f"# {Path(result.backbone).name}",
        "",
        f"A backbone for pictures with {weights} parameters, made by `headstart pretrain`; for `headstart fit`.",
        "",
        f"- Student: {result.student}, begun with {begun}.",
        f"- Teacher: {result.teacher}. The licence above is that of the weights it learnt from.",
        f"- Learnt from: {result.pictures:,} pictures of {result.source}, without labels; these have terms of "
        "their own.",
        f"- How: {result.method}, {result.crops:,} crops, {result.epochs} epochs in {say_duration(result.seconds)}; "
        f"{result.stopped_because}.",
        *([f"- {sentence}" for sentence in [said_probe(result.probe)]] if result.probe else []),
        "",
    ]
    return "\n".join(lines)


def said_probe(probe: Probed) -> str:
    """What the probe says before and after, and of the teacher if there is one; and where it says nothing gained."""
    before, after = _said(probe, probe.before), _said(probe, probe.after)
    way = f", {probe.share:.0%} of the way" if probe.share is not None else ""
    teacher = f"; the teacher reaches {_said(probe, probe.teacher)}{way}" if probe.teacher else ""
    doubt = "" if probe.gain.low > 0 else _doubt(probe.gain)
    return (
        f"Probe: {figure_name(probe.figure)} of linear heads on {probe.examples:,} labelled examples, each judged by "
        f"one that has not seen it: {before} before, {after} after{teacher}.{doubt}"
    )


def _said(probe: Probed, figure: Figure) -> str:
    higher = probe.higher_is_better
    return f"{figure_value(probe.figure, figure, higher)} ({figure_interval(probe.figure, figure, higher)})"


def _doubt(gain: Figure) -> str:
    """That it did not help, or may not have; the interval of `gain` does not lie above 0."""
    if gain.value <= 0:
        return " It did not help: what it began with is at least as good on these."
    return " The gain may be chance."
