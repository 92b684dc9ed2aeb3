"""Crops that a teacher has answered for once: its answers are stored, and an epoch costs the student alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from headstart.backbones.base import Batch, Preprocess, collate
from headstart.core.ahead import ahead
from headstart.core.files import digest
from headstart.core.timing import Stopwatch
from headstart.data.examples import Examples
from headstart.data.modalities.base import Modality
from headstart.frozen.activations import Activations
from headstart.frozen.frontier import WHOLE
from headstart.frozen.inputs import Inputs
from headstart.pretraining._course import Shown
from headstart.pretraining._plan import Plan
from headstart.pretraining._said import Said
from headstart.pretraining._seeds import seed_of
from headstart.training.batches import shuffled_batches


@dataclass(frozen=True)
class Stored(Shown):
    """``crops`` are all P as the student is shown them; ``answers`` the teacher's features of the same."""

    crops: Inputs
    answers: Activations
    seed: int

    def epoch(self, number: int, plan: Plan) -> Iterator[tuple[Batch, Said]]:
        random = np.random.default_rng(seed_of(self.seed, number))
        parts = shuffled_batches(plan.per_epoch, plan.batch_size, random)
        yield from ahead(self.read, [plan.first(number) + part for part in parts])

    def read(self, rows: np.ndarray) -> tuple[Batch, Said]:
        """The crops at `rows` as the student is shown them, and the teacher's features of them."""
        places = rows.tolist()
        return collate(self.crops.many(places)), Said(self.answers.batch(places)[WHOLE])


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
