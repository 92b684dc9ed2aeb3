"""Raw outputs of queries that ask for masks: what each says of its object, and the map that it is compared with."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from headstart.tasks.finding.finder import of_one

LAYER, KINDS = 0, 1
"""Columns of a row: which layer of the decoder says it, the last one being 0, and from there on the logits of no
object and of the C classes. Behind them stand E numbers: what a query looks for, or what a place of the map holds."""

PLACE = -1.0
"""In the place of a layer's number where a row is a place of the map, of which the columns between are nought."""

NO_OBJECT = 0


class Said(NamedTuple):
    """What the Q queries of one layer say of one picture.

    ``kinds`` (Q, 1 + C) logits, no object first; ``wanted`` (Q, E) and ``places`` (h · w, E), whose products are the
    logits of the masks.
    """

    kinds: Tensor
    wanted: Tensor
    places: Tensor

    def masks(self, rows: Tensor | slice = slice(None)) -> Tensor:
        """The logits of the masks of the queries at `rows`, (k, h · w)."""
        return self.wanted[rows] @ self.places.T

    def scores(self, masks: Tensor) -> Tensor:
        """(Q, C) how likely a query has found an object of a class, times how sure its mask (Q, h · w) is.

        That is the mean probability of the places that it takes for the object (Cheng et al. 2022, arXiv:2112.01527).
        """
        inside = masks > 0
        sure = (masks.sigmoid() * inside).sum(1) / inside.sum(1).clamp(min=1)
        return self.kinds.softmax(dim=1)[:, 1:] * sure[:, None]

    def log_odds(self, label: int) -> Tensor:
        """(Q,) of the class at the place `label`."""
        return of_one(self.kinds, label + 1)


def rows_of(number: int, kinds: Tensor, wanted: Tensor) -> Tensor:
    """Logits (N, Q, 1 + C) and what is looked for (N, Q, E) as the rows of a layer (N, Q, 2 + C + E)."""
    return torch.cat([torch.full_like(kinds[..., :1], number), kinds, wanted], dim=2)


def rows_of_places(pixels: Tensor, columns: int) -> Tensor:
    """A map (N, E, h, w) as rows (N, h · w, 1 + `columns` + E)."""
    places = pixels.flatten(2).transpose(1, 2)
    front = places.new_zeros(*places.shape[:2], 1 + columns)
    front[..., LAYER] = PLACE
    return torch.cat([front, places], dim=2)


def said_in(rows: Tensor, classes: int) -> list[Said]:
    """What one picture's rows (P, 2 + C + E) say, layer by layer, the last one first."""
    behind = KINDS + 1 + classes
    count, queries = int((rows[:, LAYER] == 0).sum()), int((rows[:, LAYER] != PLACE).sum())
    layers = rows[:queries].split(count)
    return [Said(own[:, KINDS:behind], own[:, behind:], rows[queries:, behind:]) for own in layers]
