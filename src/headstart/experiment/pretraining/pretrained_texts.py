"""What a pretraining on texts gave, and the backbone folder that it is written into, with licence and provenance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from headstart.backbones import write_folder
from headstart.backbones.texts.language import LanguageBackbone
from headstart.backbones.texts.language_head import LanguageHead, write_head
from headstart.core.files import write_json
from headstart.core.results import Figure
from headstart.core.timing import say_duration
from headstart.experiment.pretraining.pretrained_folder import RESULT, Pretrained, card_of


@dataclass(frozen=True, kw_only=True)
class PretrainedTexts(Pretrained):
    """What a pretraining on texts gave.

    Attributes
    ----------
    texts, passages : how many it learnt from; ``read`` of them, counted as often as they were met.
    unmet : the loss on passages that it did not learn from, before and after; None where a probe judged.
    """

    texts: int
    passages: int
    read: int
    unmet: tuple[Figure, Figure] | None

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        before_after = plain["unmet"]
        unmet = (Figure(*before_after[0]), Figure(*before_after[1])) if before_after else None
        return super().from_json({**plain, "unmet": unmet})

    @property
    def pretraining(self) -> str:
        labelled = "labelled " if self.labelled else ""
        return f"{self.went_on}{self.method} on {self.texts:,} {labelled}texts of {self.source}"

    @property
    def told(self) -> list[str]:
        found = super().told
        if self.unmet is not None:
            before, after = self.unmet
            helped = "." if after.value < before.value else ": nothing was learnt that carries over to other texts."
            found.append(f"Loss on unmet passages: {before.value:.3f} before, {after.value:.3f} after{helped}")
        return found

    @property
    def learnt(self) -> str:
        return (
            f"{self.epochs} epochs, {self.read:,} passages read of {self.passages:,} in {self.texts:,} texts; loss "
            f"{self.losses[0]:.4f} in the first, {self.losses[-1]:.4f} in the last."
        )


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
    begun = "random weights" if result.random_weights else "its own weights, whose licence stands above"
    facts = [
        f"Began as: {result.student}, with {begun}.",
        f"Learnt from: {result.texts:,} texts of {result.source}{result.with_labels}; these have terms of their own.",
        f"How: {result.method}, {result.learnt} It took {say_duration(result.seconds)}; {result.stopped_because}.",
    ]
    return card_of(result, student, "texts", facts)
