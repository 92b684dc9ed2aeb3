"""Which query is to find which object, by what their masks share, and the loss of that (MaskFormer, Mask2Former).

Cheng et al. 2021, arXiv:2107.06278, and 2022, arXiv:2112.01527. Masks are compared at every place of the map that
they are made of: there are fewer than the points that the authors draw.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from headstart.tasks.finding.anchored import HALF_IN
from headstart.tasks.finding.query_rows import NO_OBJECT, Said
from headstart.tasks.finding.set_matching import Paired, cheapest
from headstart.tasks.shapes.box_encoding import CROWD, DIFFICULT, HEIGHT, LABEL
from headstart.tasks.shapes.mask_grids import TRUE_CELLS, over_picture, unpacked


class Prices(NamedTuple):
    """How much the class, each place of the mask, and what Dice says of all of it weigh."""

    kind: float
    places: float
    whole: float


PlaceLosses = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Of logits (…): what each costs where the place belongs to the object, and where it does not."""


def cross_entropy(logits: Tensor) -> tuple[Tensor, Tensor]:
    """-log p, and -log(1 - p)."""
    return functional.softplus(-logits), functional.softplus(logits)


def focal(logits: Tensor, alpha: float = 0.25, gamma: float = 2.0) -> tuple[Tensor, Tensor]:
    """-α (1 - p)^γ log p, and -(1 - α) p^γ log(1 - p) (Lin et al. 2017, arXiv:1708.02002)."""
    likely = logits.sigmoid()
    there, not_there = cross_entropy(logits)
    return alpha * (1 - likely) ** gamma * there, (1 - alpha) * likely**gamma * not_there


class Wanted:
    """What one picture's encoded objects (M, 9 + 1046) ask for, on a map of `size` (width, height).

    Attributes
    ----------
    labels : (m,) places of classes. masks : (m, h · w) from 0 to 1.
    ignored : (h · w,) whether a place belongs to what is neither right nor wrong.
    """

    def __init__(self, encoded: Tensor, size: tuple[int, int]) -> None:
        sides = encoded[:, 2:4] - encoded[:, :2]
        rows = encoded[(encoded[:, LABEL] >= 0) & (sides > 0).all(dim=1)]
        silent = (rows[:, CROWD] > 0) | (rows[:, DIFFICULT] > 0)
        grids = unpacked(rows[:, HEIGHT + 1 :], TRUE_CELLS)
        masks = over_picture(grids, rows[:, :4].float(), size).flatten(1)
        self.labels, self.masks = rows[~silent, LABEL].long(), masks[~silent]
        self.ignored = (masks[silent] > HALF_IN).any(dim=0)

    def spared(self, masks: Tensor) -> Tensor:
        """(Q,) whether at least half of each of the masks, logits (Q, h · w), lies in what is ignored."""
        inside = masks > 0
        return (inside & self.ignored).sum(1) >= HALF_IN * inside.sum(1).clamp(min=1)


class Parts(NamedTuple):
    """Of a picture and a layer: the summed loss of the classes, what its predictions weigh, and that of the masks."""

    kind: Tensor
    heed: Tensor
    shapes: Tensor


def paired(said: Said, masks: Tensor, wanted: Wanted, costs: Prices, places: PlaceLosses) -> Paired:
    """The pairing of queries and objects that costs least; `masks` are the logits (Q, h · w)."""
    there, not_there = (each / masks.shape[1] for each in places(masks))
    of_places = there @ wanted.masks.T + not_there @ (1 - wanted.masks).T
    likely = masks.sigmoid()
    shared = 2 * likely @ wanted.masks.T
    of_whole = 1 - (shared + 1) / (likely.sum(1)[:, None] + wanted.masks.sum(1) + 1)
    of_kind = -said.kinds.softmax(dim=1)[:, wanted.labels + 1]
    return cheapest(costs.kind * of_kind + costs.places * of_places + costs.whole * of_whole)


def loss_of_masks(masks: Tensor, true: Tensor, prices: Prices, places: PlaceLosses) -> Tensor:
    """The sum over paired masks, logits (k, h · w) against (k, h · w), of the mean of their places and 1 - Dice."""
    there, not_there = places(masks)
    of_places = (there * true + not_there * (1 - true)).mean(dim=1)
    likely = masks.sigmoid()
    of_whole = 1 - (2 * (likely * true).sum(1) + 1) / (likely.sum(1) + true.sum(1) + 1)
    return (prices.places * of_places + prices.whole * of_whole).sum()


def loss_of_kinds(said: Said, pair: Paired, wanted: Wanted, spared: Tensor, void: float, smoothing: float) -> Parts:
    """Cross-entropy in which no object weighs `void`; queries that are `spared` (Q,) and unpaired are left out."""
    target = torch.full((len(said.kinds),), NO_OBJECT, device=said.kinds.device)
    target[pair.rows] = wanted.labels[pair.boxes] + 1
    heeded = (target != NO_OBJECT) | ~spared
    weigh = said.kinds.new_ones(said.kinds.shape[1])
    weigh[NO_OBJECT] = void
    kind = functional.cross_entropy(
        said.kinds[heeded], target[heeded], weigh, reduction="sum", label_smoothing=smoothing
    )
    return Parts(kind, weigh[target[heeded]].sum(), kind.new_zeros(()))
