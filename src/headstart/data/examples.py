"""Examples: inputs with their targets, read from any source data, held lazily."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from headstart.core.coco_numbers import CocoNumbers

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Examples:
    """N inputs, with targets where they are known.

    Attributes
    ----------
    modality : plug-in name in ``data/modalities`` that decodes the references.
    references : N things to decode: absolute paths, strings, arrays or PIL images.
    ids : N names for a person: ``bus/12.jpg``, ``reviews.csv row 14``.
    targets : N raw targets (strings, numbers, lists of strings), or None where none are known.
    splits : N given splits (``train``, ``validation``, ``test``) or None for "not given".
    groups : N group names whose members stay together when splitting, or None.
    source : what the person handed over, as words for the report.
    notes : what a person should know about the reading, as sentences.
    columns : the ``input``, ``target`` and ``group`` columns of a table, where it was one.
    further : the other columns of the table by name, N cells each (None: missing), from which nothing is learnt.
    extra : N marks of what is learnt from only, or None: further slices of a volume whose middle one is judged.
    numbers : those of a COCO file from which they were read, or None.
    """

    modality: str
    references: Sequence[Any]
    ids: Sequence[str]
    targets: Sequence[Any] | None = None
    splits: Sequence[str | None] | None = None
    groups: Sequence[str] | None = None
    source: str = ""
    notes: tuple[str, ...] = field(default=())
    columns: Mapping[str, str] = field(default_factory=dict)
    further: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    extra: Sequence[bool] | None = None
    numbers: CocoNumbers | None = None

    def __len__(self) -> int:
        return len(self.references)

    def select(self, indices: Sequence[int]) -> Examples:
        """The examples at `indices`, in that order."""

        def pick(column: Sequence[Any] | None) -> list[Any] | None:
            return None if column is None else [column[i] for i in indices]

        return replace(
            self,
            references=[self.references[i] for i in indices],
            ids=[self.ids[i] for i in indices],
            targets=pick(self.targets),
            splits=pick(self.splits),
            groups=pick(self.groups),
            extra=pick(self.extra),
            numbers=self.numbers and self.numbers.select(indices),
            further={name: [cells[i] for i in indices] for name, cells in self.further.items()},
        )
