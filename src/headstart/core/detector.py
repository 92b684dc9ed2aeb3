"""What a pretrained detector brings besides its trunk: the family of its head, what that reads, and its weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from headstart.core.maps import Map

if TYPE_CHECKING:
    from torch import Tensor


INNER, MASKS = "finder.", "masks."
"""What the names of weights begin with in a head with masks: of what finds the boxes, and of the mask layers."""

OF_MASKS = "masks"
"""The setting that says what the mask layers are made of, where there are pretrained ones."""


@dataclass(frozen=True)
class Detector:
    """The head of a network that was pretrained to find boxes, or masks of objects.

    Attributes
    ----------
    family : how it finds them: ``ssd``, ``retinanet``, …
    maps : those that the head reads, kind by kind, each from fine to coarse.
    settings : what the head is made of besides classes and maps, as JSON: anchors, the size of kernels.
    columns : the name of the class that each column of its class predictor stands for; empty where that is unknown,
        or no class.
    first : how many columns come before those of classes, whatever the classes are, as that of the background.
    frame : (width, height) in pixels of the pictures that it takes; None for any.
    weights : of the head that its family has here, by name, with these columns; None where they are lost.
    finds_masks : whether what it finds are masks, which boxes follow from: it cannot learn from boxes alone.
    """

    family: str
    maps: tuple[Map, ...]
    settings: Mapping[str, Any]
    columns: tuple[str, ...] = ()
    first: int = 0
    frame: tuple[int, int] | None = None
    weights: Mapping[str, Tensor] | None = field(default=None, compare=False, repr=False)
    finds_masks: bool = False

    def describe(self) -> dict[str, Any]:
        """JSON of everything but the weights; :meth:`from_description` reads it back."""
        described = asdict(replace(self, weights=None))
        return {name: value for name, value in described.items() if name != "weights"}

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> Detector:
        """The inverse of :meth:`describe`."""
        maps = tuple(Map(**each) for each in description["maps"])
        frame = description["frame"]
        size = None if frame is None else (int(frame[0]), int(frame[1]))
        columns, first = tuple(description["columns"]), int(description["first"])
        masks = bool(description.get("finds_masks"))
        return cls(description["family"], maps, description["settings"], columns, first, size, None, masks)

    def of_boxes(self) -> Detector | None:
        """The same without mask layers, if it has any; of a head with masks, the weights that find boxes.

        None where nothing of its head finds boxes without masks.
        """
        if self.finds_masks:
            return None
        settings = {name: value for name, value in self.settings.items() if name != OF_MASKS}
        if self.weights is None:
            return replace(self, settings=settings)
        own = {name.removeprefix(INNER): one for name, one in self.weights.items() if not name.startswith(MASKS)}
        return replace(self, settings=settings, weights=own)

    def untaught(self) -> Detector:
        """The same without the weights of its head."""
        return replace(self, weights=None)

    def taught(self, labels: Sequence[str], weights: Mapping[str, Tensor]) -> Detector:
        """The same whose head has learnt the classes `labels`, and nothing else."""
        return replace(self, columns=("",) * self.first + tuple(labels), weights=weights)

    def rows(self, labels: Sequence[str]) -> list[int | None]:
        """The column that knows each of `labels`, by its name in any writing; None where none does."""
        known = {_plain(name): place for place, name in enumerate(self.columns) if name}
        return [known.get(_plain(label)) for label in labels]


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split())
