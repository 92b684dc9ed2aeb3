"""Passages of texts as a network in pretraining reads them: as long as it takes them, in batches of like lengths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from headstart.backbones.base import Batch, collate
from headstart.backbones.texts.preprocess import TextPreprocess
from headstart.pretraining._course import Shown
from headstart.pretraining._plan import Plan
from headstart.pretraining._seeds import seed_of
from headstart.pretraining._targets import Targets

FEWEST = 3
"""Tokens of a passage, at least, with the marks around it: of fewer nothing can be told."""

SORTED = 50
"""Batches' worth of passages that are sorted by length together."""


@dataclass(frozen=True)
class Passages(Shown):
    """All P passages; each pass over them is in another order.

    Attributes
    ----------
    tokens : of each passage what a network takes, without padding beyond its own.
    seed : fixes, with the number of a pass, its order.
    targets : (P,) or (P, C) of the texts that they are of; None where none are learnt from.
    """

    tokens: Sequence[Batch]
    seed: int
    targets: Tensor | None = None

    def __len__(self) -> int:
        return len(self.tokens)

    def epoch(self, number: int, plan: Plan) -> Iterator[tuple[Batch, Targets]]:
        random = np.random.default_rng(seed_of(self.seed, number))
        for rows in like_lengths(self.rows(number, plan), self.lengths, plan.batch_size, random):
            yield self.batch(rows), self.known(rows)

    def rows(self, number: int, plan: Plan) -> np.ndarray:
        """The passages of epoch `number`: the next of an endless row of passes."""
        first, count = number * plan.per_epoch, len(self)
        passes = range(first // count, (first + plan.per_epoch - 1) // count + 1)
        row = np.concatenate([np.random.default_rng((self.seed, each)).permutation(count) for each in passes])
        return row[first % count :][: plan.per_epoch]

    @property
    def lengths(self) -> np.ndarray:
        """(P,) tokens of each, padding included."""
        return np.array([len(each["input_ids"]) for each in self.tokens])

    def batch(self, rows: Sequence[int] | np.ndarray) -> Batch:
        """The passages at `rows`."""
        return collate([self.tokens[int(row)] for row in rows])

    def known(self, rows: Sequence[int] | np.ndarray) -> Targets:
        """The targets of the passages at `rows`, where any are learnt from."""
        if self.targets is None:
            return Targets(torch.empty((len(rows), 0)))
        return Targets(self.targets[torch.as_tensor(rows)])


def like_lengths(
    rows: np.ndarray, lengths: np.ndarray, batch_size: int, random: np.random.Generator
) -> list[np.ndarray]:
    """`rows` in batches whose passages are about as long as each other, the batches in random order.

    Each is a whole batch but for one, which has the rest.
    """
    groups = [rows[start : start + SORTED * batch_size] for start in range(0, len(rows), SORTED * batch_size)]
    ordered = np.concatenate([group[np.argsort(lengths[group], kind="stable")] for group in groups])
    batches = [ordered[start : start + batch_size] for start in range(0, len(ordered), batch_size)]
    return [batches[place] for place in random.permutation(len(batches))]


def passages_of(texts: Sequence[str], preprocess: TextPreprocess) -> list[Batch]:
    """Texts as passages: those longer than `preprocess` takes are cut, and what follows makes further passages."""
    found = [part for text in texts for part in preprocess.parts(text)]
    return [each for each in found if int(each["attention_mask"].sum()) >= FEWEST]


def beginnings_of(texts: Sequence[str], preprocess: TextPreprocess) -> tuple[list[Batch], list[int]]:
    """Of each text what `preprocess` takes of it, as when it is in use, and the places of the texts that make one."""
    found = [(preprocess(text), place) for place, text in enumerate(texts)]
    kept = [(each, place) for each, place in found if int(each["attention_mask"].sum()) >= FEWEST]
    return [each for each, _ in kept], [place for _, place in kept]
