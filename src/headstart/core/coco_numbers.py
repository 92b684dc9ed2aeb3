"""The numbers by which a COCO file knows its pictures and classes, so that answers can be compared with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

Id = int | str


@dataclass(frozen=True)
class CocoNumbers:
    """Of N pictures the id and the ``file_name`` of each, and the id of each class by its name."""

    images: Sequence[tuple[Id, str]]
    categories: Mapping[str, Id]

    @classmethod
    def anew(cls, names: Sequence[str]) -> CocoNumbers:
        """Of pictures with these names, from 1; no class has a number yet."""
        return cls(list(enumerate(names, 1)), {})

    def select(self, indices: Sequence[int]) -> CocoNumbers:
        """Those of the pictures at `indices`, in that order."""
        return replace(self, images=[self.images[i] for i in indices])

    def of(self, labels: Sequence[str]) -> dict[str, Id]:
        """The id of each class, those of the file first; labels that it lacks are numbered on from its largest."""
        largest = max((int(own) for own in self.categories.values() if str(own).isdecimal()), default=0)
        lacking = [label for label in labels if label not in self.categories]
        return {**self.categories, **{label: number for number, label in enumerate(lacking, largest + 1)}}
