"""What a pretraining on texts gave, and the backbone folder that it is written into, with licence and provenance."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headstart.backbones import write_folder
from headstart.backbones._language import LanguageBackbone
from headstart.backbones._language_head import LanguageHead, write_head
from headstart.core.counts import say_count
from headstart.core.files import write_json
from headstart.core.results import Figure
from headstart.core.timing import say_duration
from headstart.experiment.pretrained_folder import RESULT, said_probe
from headstart.experiment.pretraining_probe import Probed
from headstart.experiment.pretraining_words import said_gain


@dataclass(frozen=True)
class PretrainedTexts:
    """What a pretraining on texts gave.

    Attributes
    ----------
    backbone : the folder. student : the network as it began, and whether with random weights.
    texts, passages : how many it learnt from; ``read`` of them, counted as often as they were met.
    losses : of each epoch. looks : [epoch, watched figure]. unmet : the loss on passages that it did not learn from,
        before and after; None where a probe judged.
    """

    backbone: str
    student: str
    random_weights: bool
    method: str
    licence: str
    source: str
    texts: int
    passages: int
    epochs: int
    read: int
    stopped_because: str
    seconds: float
    losses: list[float] = field(default_factory=list)
    looks: list[tuple[int, float]] = field(default_factory=list)
    probe: Probed | None = None
    unmet: tuple[Figure, Figure] | None = None

    def to_json(self) -> dict[str, Any]:
        """The published object of ``pretrain --json``, and ``pretraining.json`` in the folder."""
        return {**vars(self), "probe": self.probe.to_json() if self.probe else None}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> PretrainedTexts:
        """The inverse of :meth:`to_json`."""
        probe = Probed.from_json(plain["probe"]) if plain["probe"] else None
        looks = [(int(epoch), float(value)) for epoch, value in plain["looks"]]
        before_after = plain["unmet"]
        unmet = (Figure(*before_after[0]), Figure(*before_after[1])) if before_after else None
        return cls(**{**plain, "looks": looks, "probe": probe, "unmet": unmet})

    @property
    def pretraining(self) -> str:
        """How it came by its weights, in a line."""
        begun = f"{self.student}, then " if not self.random_weights else ""
        return f"{begun}{self.method} on {self.texts:,} texts of {self.source}"

    @property
    def told(self) -> list[str]:
        """What it reached, as sentences."""
        found = [said_probe(self.probe), said_gain(self.probe)] if self.probe else []
        if self.unmet is not None:
            before, after = self.unmet
            helped = "." if after.value < before.value else ": nothing was learnt that carries over to other texts."
            found.append(f"Loss on unmet passages: {before.value:.3f} before, {after.value:.3f} after{helped}")
        return found

    @property
    def learnt(self) -> str:
        """What it learnt from, as a line."""
        return (
            f"{self.epochs} epochs, {self.read:,} passages read of {self.passages:,} in {self.texts:,} texts; loss "
            f"{self.losses[0]:.4f} in the first, {self.losses[-1]:.4f} in the last."
        )


def texts_finished_before(folder: Path) -> PretrainedTexts | None:
    """What the pretraining gave that has written `folder`; None where none has."""
    file = folder / RESULT
    return PretrainedTexts.from_json(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None


def save_texts(
    result: PretrainedTexts,
    student: LanguageBackbone,
    config: Mapping[str, Any],
    sentences: bool,
    head: LanguageHead | None,
    folder: Path,
) -> None:
    """Write the `student` into `folder` as a backbone that is read by its path or under HEADSTART_MODELS.

    Parameters
    ----------
    sentences : whether its cosines tell what texts mean now. head : the language head, to go on with later.

    Raises
    ------
    HeadstartError : the disk is full or not writable.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / RESULT, result.to_json())
    student.save_assets(folder)
    for path, content in student.folder_files(sentences).items():
        (folder / path).parent.mkdir(exist_ok=True)
        write_json(folder / path, content)
    if head is not None:
        write_head(head, folder)
    known = {"license": result.licence, "pretraining": result.pretraining}
    write_folder(student, folder, {**config, **known}, _card(result, student))


def _card(result: PretrainedTexts, student: LanguageBackbone) -> str:
    weights = say_count(sum(parameter.numel() for parameter in student.parameters()))
    begun = "random weights" if result.random_weights else "its own weights, whose licence stands above"
    lines = [
        f"licence: {result.licence}",
        "",
        f"# {Path(result.backbone).name}",
        "",
        f"A backbone for texts with {weights} parameters, made by `headstart pretrain`; for `headstart fit`.",
        "",
        f"- Began as: {result.student}, with {begun}.",
        f"- Learnt from: {result.texts:,} texts of {result.source}, without labels; these have terms of their own.",
        f"- How: {result.method}, {result.learnt} It took {say_duration(result.seconds)}; {result.stopped_because}.",
        *(f"- {sentence}" for sentence in result.told),
        "",
    ]
    return "\n".join(lines)
