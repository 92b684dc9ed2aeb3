"""What a student learns from: crops of pictures, a teacher's answers to them, and how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from headstart.backbones.base import Backbone, Preprocess
from headstart.core.files import digest
from headstart.core.timing import Stopwatch
from headstart.data.examples import Examples
from headstart.data.modalities.base import Modality
from headstart.frozen.activations import Activations
from headstart.frozen.inputs import Inputs
from headstart.pretraining.base import Lesson


@dataclass(frozen=True)
class Plan:
    """How long a student learns.

    Attributes
    ----------
    crops : P, all there are; a multiple of ``per_epoch``, that an epoch looks at. ``batch_size`` of them make a step.
    rate : the peak learning rate of AdamW. looks : at how the student does meanwhile, at most, evenly spread.
    """

    crops: int
    per_epoch: int
    epochs: int
    batch_size: int
    rate: float
    looks: int = 10

    @property
    def steps(self) -> int:
        """Of one epoch."""
        return -(-self.per_epoch // self.batch_size)

    def looks_after(self, epochs: int) -> bool:
        """Whether a look at the student is due when so many epochs are done."""
        return epochs % max(1, self.epochs // self.looks) == 0

    def first(self, epoch: int) -> int:
        """The first of the crops that `epoch` looks at; the others follow it."""
        return epoch * self.per_epoch % self.crops


@dataclass
class Course:
    """A student, its lesson, and what it learns from.

    Attributes
    ----------
    crops : all P crops as the student is shown them; ``answers`` the teacher's features of the same.
    seed : with the number of an epoch it fixes all randomness.
    """

    student: Backbone
    lesson: Lesson
    crops: Inputs
    answers: Activations
    plan: Plan
    seed: int
    device: torch.device


def crops_of(
    examples: Examples,
    fingerprints: Sequence[str],
    modality: Modality,
    preprocess: Preprocess,
    count: int,
    seed: int,
    stopwatch: Stopwatch,
) -> Inputs:
    """`count` crops of N pictures: one of each in random order, then another of each, and so on.

    A crop is an input of its own, whose key is that of the picture and the crop's number; so all of them lie in one
    part of the store, and a longer course finds those of a shorter one there.

    Parameters
    ----------
    fingerprints : N digests of the content. preprocess : cuts the crop that a key stands for.
    """
    order = np.random.default_rng(seed).permutation(len(examples))
    rows = [int(order[place % len(order)]) for place in range(count)]
    keys = [digest(fingerprints[row], f"crop {place // len(order)}") for place, row in enumerate(rows)]
    return Inputs(examples.select(rows), modality, preprocess, keys, stopwatch)
