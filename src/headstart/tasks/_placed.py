"""What a task says of answers that have a place in the input; all of it has a default for those that have none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from torch import Tensor

from headstart.core.errors import UsageError
from headstart.core.maps import Map
from headstart.core.placement import Placement
from headstart.tasks._map_head import MapHead
from headstart.tasks._predictions import Predictions


def no_boxes(task: Placed) -> UsageError:
    """What it says is not made of boxes."""
    return UsageError(f"A model for {task.name.replace('_', ' ')} predicts {task.predicted()}, no boxes.")


class Placed:
    """The part of the contract of a task that is about boxes, masks and the maps that they are read from."""

    name: ClassVar[str]
    noun: ClassVar[str]
    """What is predicted: ``class``, ``labels``, ``number``."""

    plural: ClassVar[bool] = False
    """Whether the noun is one of several things, before which no article stands."""

    reads_maps: ClassVar[bool] = False
    """Whether the head reads maps of several stages (:meth:`map_head`), which training alone can fit, and not pooled
    features, on which heads are solved, guards look and diagnoses ask for labels that look wrong."""

    finds_boxes: ClassVar[bool] = False
    """Whether a network that was pretrained to find boxes is a start for it (:meth:`Task.starting_from`)."""

    outlines: ClassVar[bool] = False
    """Whether what it finds has an outline, so that it learns from nothing without one."""

    draws: ClassVar[bool] = False
    """Whether an answer is a picture of its own (:meth:`picture`), as masks are."""

    unit: ClassVar[str] = "example"
    """What is judged one by one and counted by :meth:`Task.confusion`: an example, an object, a pixel."""

    summed_up: ClassVar[str] = "example"
    """What :meth:`Task.summary` counts."""

    @classmethod
    def predicted(cls) -> str:
        """What is predicted, with its article where it has one."""
        return cls.noun if cls.plural else f"a {cls.noun}"

    @property
    def frame(self) -> tuple[int, int] | None:
        """(width, height) in pixels that whole inputs are brought to; None for whatever the backbone was made for."""
        return None

    def framed(self, targets: Sequence[Any], side: int | None, device: str) -> Self:
        """The same task for pictures that are brought to a frame of this side, as it is usual on a `device` for None.

        Parameters
        ----------
        targets : those to learn from, which know the sizes of their pictures.
        side : in pixels, of the square that has the area of the frame; of masks the longer side.
        device : the kind that computes: ``cpu``, ``cuda``, ``mps``.

        Raises
        ------
        UsageError : a side is asked for, and inputs have no frame but that of the backbone.
        """
        if side is not None:
            raise UsageError(
                f"--frame is for boxes and masks in pictures; a model for {self.name.replace('_', ' ')} takes inputs "
                "as its backbone was made for them. Leave --frame out."
            )
        return self

    def map_head(self, offered: Sequence[Map]) -> MapHead:
        """New output layers on some of the `offered` maps, which are in order from fine to coarse.

        Raises
        ------
        UsageError : they are not what the task needs.
        """
        raise UsageError(f"A head for {self.name.replace('_', ' ')} reads pooled features, no maps.")

    def placed(self, encoded: Tensor, placements: Sequence[Placement]) -> Tensor:
        """The N targets of views that show these parts of their inputs; the same where targets have no place."""
        return encoded

    def picture(self, answer: Tensor, size: tuple[int, int]) -> bytes:
        """A PNG in `size` (width, height) of an `answer`, one row of kept outputs or encoded targets."""
        raise UsageError(f"A model for {self.name.replace('_', ' ')} predicts {self.predicted()}, no picture.")

    def doubts(self, outputs: Tensor) -> Tensor:
        """(N, H, W) from 0 to 1: how likely each place of N masks has another class; of calibrated outputs."""
        raise UsageError(
            f"A model for {self.name.replace('_', ' ')} predicts {self.predicted()}, whose places have no class."
        )

    def claims(
        self, outputs: Tensor, label: int, edges: Sequence[float], calibration: Mapping[str, float]
    ) -> tuple[Tensor, Tensor]:
        """What P places say of a box: log-odds of its class, and overlap with it · score of its class; (N, P) each.

        Parameters
        ----------
        outputs : raw ones. label : place of the class. edges : shares of the picture.
        """
        raise no_boxes(self)

    def decode_from(self, least: float, outputs: Tensor, calibration: Mapping[str, float]) -> Predictions:
        """As :meth:`Task.decode`, with all boxes whose calibrated score is `least` or more."""
        raise no_boxes(self)

    @property
    def shown_in(self) -> Mapping[str, tuple[int, int, int]]:
        """The colour of each label in pictures of answers; none where there are no such."""
        return {}
