"""Of all boxes that raw outputs speak of, the surest ones that do not say the same twice."""

from __future__ import annotations

import torch
from torch import Tensor
from torchvision.ops import batched_nms, box_iou

LEAST_SCORE, OVERLAP, CANDIDATES, MOST = 0.02, 0.6, 1000, 100
"""Of what is kept of a picture: the least score, the overlap beyond which a less sure box of the class goes, how many
are looked at, and how many stay."""


def surest(scores: Tensor, edges: Tensor, size: Tensor, overlap: float = OVERLAP, voting: bool = False) -> Tensor:
    """(N, K, 6) edges as shares, score, class; -1 where there is none.

    Parameters
    ----------
    scores : (N, P, C). edges : (N, P, 4) in pixels. size : (2,) width and height in pixels.
    overlap : beyond which a less sure box of the class goes; 1 where no two places say the same.
    voting : whether boxes that go move the edges of the one that stays, see :func:`voted`.
    """
    return torch.stack([_of_one(*pair, size, overlap, voting) for pair in zip(scores, edges, strict=True)])


def _of_one(scores: Tensor, edges: Tensor, size: Tensor, overlap: float, voting: bool) -> Tensor:
    flat = scores.flatten()
    places = (flat > LEAST_SCORE).nonzero()[:, 0]
    places = places[flat[places].argsort(descending=True, stable=True)[:CANDIDATES]]
    corners = (edges[places // scores.shape[1]] / size.repeat(2)).clamp(0.0, 1.0)
    labels = places % scores.shape[1]
    whole = ((corners[:, 2:] - corners[:, :2]) > 0).all(dim=1)
    corners, labels, sure = corners[whole], labels[whole], flat[places][whole]
    best = batched_nms(corners, sure, labels, overlap)[:MOST]
    edges = voted(corners, labels, sure, best, overlap) if voting else corners[best]
    found = torch.full((MOST, 6), 0.0)
    found[:, 5] = -1
    found[: len(best)] = torch.cat([edges, sure[best, None], labels[best, None].to(sure)], dim=1).cpu()
    return found


def voted(corners: Tensor, labels: Tensor, sure: Tensor, best: Tensor, overlap: float) -> Tensor:
    """(B, 4) edges of the `best`: of each the mean over all boxes of its class that overlap it as much.

    Box voting (Gidaris & Komodakis 2015, arXiv:1505.01749): what says the same less surely says it with other errors.
    A box counts by its score, and here also by its overlap.
    """
    shared = box_iou(corners[best], corners)
    same = (shared >= overlap) & (labels[best, None] == labels)
    votes = torch.where(same, shared * sure, 0.0)
    return votes @ corners / votes.sum(dim=1, keepdim=True)
