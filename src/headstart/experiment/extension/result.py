"""What adding classes to a model gave and took: old and new classes apart, each with its interval."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from headstart.core.results import Figure, Figures, figures
from headstart.tasks.base import Task


@dataclass(frozen=True)
class Part:
    """Held-out examples of one kind: how many classes and examples they are, and the figures on them."""

    classes: int
    examples: int
    figures: Figures


@dataclass(frozen=True)
class Unbounded:
    """What the same head reaches where new classes are not held back.

    ``new`` are the figures of the added classes then; ``cost`` is the share of their held-out examples that is right
    with the bound, minus without, paired; ``change`` is what the old classes would change by without it.
    """

    new: Part
    cost: Figure
    change: Figure


@dataclass(frozen=True)
class Extension:
    """A model to which classes were added, judged on examples that neither the old nor the new head learnt from.

    Attributes
    ----------
    before, after : held-out examples of the first fit, by the old model and by the new one.
    change : the share of them that is right, after minus before, with its paired interval. Some is lost in any
        model that has more classes to choose from.
    taken_for_new : how many of them are now taken for a class that was added.
    unseen : whether the old network had not learnt from them; False where nothing else was held out then.
    new : held-out new examples of the classes that were added; None where there are none.
    more : held-out new examples of classes that were known before; None where there are none.
    both : all of them together.
    added : the classes that were added.
    learnt_old, learnt_new : examples that the head was solved on, replayed and new.
    kept_of : how many old examples the replayed ones are drawn from.
    known : new examples that the model had met before, and which were left out.
    tuned : whether the network was tuned to the old classes.
    bound, held_back : the share of old examples that might be lost, None for any; and what was taken off the outputs
        of the new classes for its sake. free : the same without the bound; None where it took nothing.
    counted : how many times an example of the old classes counted, that these might lose less.
    seconds : wall clock.
    """

    before: Part
    after: Part
    change: Figure
    taken_for_new: int
    unseen: bool
    new: Part | None
    more: Part | None
    both: Part
    added: list[Any]
    learnt_old: int
    learnt_new: int
    kept_of: int
    known: int
    tuned: bool
    bound: float | None = None
    held_back: float = 0.0
    free: Unbounded | None = None
    counted: float = 1.0
    seconds: float = 0.0

    @property
    def as_from_all(self) -> bool:
        """Whether a head solved on all old and new examples at once would hardly be another.

        It is not where the network was tuned to the old classes, or part of the old examples was kept.
        """
        return not self.tuned and self.learnt_old >= self.kept_of

    def to_json(self) -> dict[str, Any]:
        """The published object: parts as ``{"classes", "examples", "figures"}``, figures as [value, low, high]."""
        return asdict(self)

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Extension:
        """The inverse of :meth:`to_json`."""
        parts = {name: _part_from(plain[name]) for name in ("before", "after", "new", "more", "both")}
        free = _unbounded_from(plain.get("free"))
        return cls(**{**plain, **parts, "change": Figure(*plain["change"]), "free": free})


def _unbounded_from(plain: dict[str, Any] | None) -> Unbounded | None:
    new = None if plain is None else _part_from(plain["new"])
    if plain is None or new is None:
        return None
    return Unbounded(new, Figure(*plain["cost"]), Figure(*plain["change"]))


def _part_from(plain: dict[str, Any] | None) -> Part | None:
    return None if plain is None else Part(plain["classes"], plain["examples"], figures(plain["figures"]))


@dataclass(frozen=True)
class HeldOut:
    """N held-out examples: ``outputs`` (N, C) and ``encoded`` targets (N,)."""

    outputs: Tensor
    encoded: Tensor

    def __len__(self) -> int:
        return len(self.encoded)

    def select(self, rows: np.ndarray) -> HeldOut:
        """Some of them."""
        places = torch.from_numpy(rows)
        return HeldOut(self.outputs[places], self.encoded[places])


def part(task: Task, held_out: HeldOut) -> Part | None:
    """The figures on `held_out`, whose outputs are calibrated; None where there is nothing."""
    if not len(held_out):
        return None
    return Part(len(held_out.encoded.unique()), len(held_out), task.metrics(held_out.outputs, held_out.encoded))


def right(task: Task, held_out: HeldOut) -> np.ndarray:
    """(N,) 1 where the prediction is right."""
    return (task.mistakes(held_out.outputs, held_out.encoded) == 0).astype(float)
