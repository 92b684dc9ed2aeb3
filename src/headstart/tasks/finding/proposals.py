"""The first of two stages: anchors that may hold something, whatever it is, become proposals (Ren et al. 2015)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torchvision.ops import batched_nms

from headstart.tasks.finding.anchored import BETWEEN, EXTRA, Asked, Read, owners_between
from headstart.tasks.finding.rows import rows_of

SCALE = (1.0, 1.0, 1.0, 1.0)
CANDIDATES, OVERLAP, MOST = 300, 0.7, 100
"""Anchors of each level that are looked at, the overlap beyond which a less likely one of the level goes, and how
many proposals a picture has."""

BACKGROUND_BELOW, FOUND_FROM = 0.3, 0.7
SAMPLED = 256
"""Anchors of a picture that teach, at most half of them such as hold something."""

BETA = 1 / 9


def anchored_rows(maps: Sequence[Tensor], anchors: Tensor) -> Tensor:
    """(N, A, 1 + 8) log odds of holding something, steps, anchors: what ``Read`` of :mod:`._anchored` reads.

    Parameters
    ----------
    maps : (N, 5 · a, h, w) of each level: the log odds of all a anchors of a place, then their steps.
    anchors : (A, 4) edges as shares.
    """
    rows = []
    for one in maps:
        count = one.shape[1] // 5
        rows.append(torch.cat([rows_of(one[:, :count], 1), rows_of(one[:, count:], 4)], dim=2))
    said = torch.cat(rows, dim=1)
    return torch.cat([said, anchors.expand(said.shape[0], -1, -1)], dim=2)


@torch.no_grad()
def proposals(rows: Tensor, levels: Tensor, frame: tuple[int, int]) -> list[Tensor]:
    """(k, 4) the likeliest boxes of each of N pictures in pixels, the likeliest first; k is `MOST` or less.

    Parameters
    ----------
    levels : (A,) the number of the level of each anchor.
    """
    read = Read(rows, frame, SCALE)
    edges = read.edges().clamp(min=0.0)
    edges = torch.minimum(edges, read.size.repeat(2))
    return [_of_one(*one, levels) for one in zip(edges, read.logits[..., 0], strict=True)]


def _of_one(edges: Tensor, likely: Tensor, levels: Tensor) -> Tensor:
    chosen = []
    for level in range(int(levels.max()) + 1):
        own = (levels == level).nonzero()[:, 0]
        chosen.append(own[likely[own].topk(min(CANDIDATES, len(own))).indices])
    rows = torch.cat(chosen)
    rows = rows[((edges[rows, 2:] - edges[rows, :2]) > 1e-3).all(dim=1)]
    kept = batched_nms(edges[rows], likely[rows].sigmoid(), levels[rows], OVERLAP)
    return edges[rows[kept[:MOST]]]


def loss_of_one(read: Read, row: int, boxes: Tensor) -> Tensor:
    """Cross-entropy of holding something, and smooth L1 of the steps, of some anchors of a picture."""
    asked = Asked(boxes, read.anchors, read.size)
    owner = owners_between(read.anchors, asked.corners, BACKGROUND_BELOW, FOUND_FROM)
    rows = _some((owner >= 0).nonzero()[:, 0], SAMPLED // 2)
    against = _some(((owner != BETWEEN) & (owner < 0) & ~asked.spared).nonzero()[:, 0], SAMPLED - len(rows))
    both = torch.cat([rows, against])
    target = (owner[both] >= 0).to(read.logits.dtype)
    likely = nn.functional.binary_cross_entropy_with_logits(read.logits[row, both, 0], target, reduction="sum")
    wanted = read.wanted(rows, asked.corners[owner[rows]])
    steps = nn.functional.smooth_l1_loss(read.steps[row][rows], wanted, beta=BETA, reduction="sum")
    return (likely + steps) / max(len(both), 1)


def _some(rows: Tensor, most: int) -> Tensor:
    """At most so many of the `rows` (n,), by lot."""
    return rows[torch.randperm(len(rows), device=rows.device)[:most]]


WIDTH = 1 + EXTRA
"""Columns of :func:`anchored_rows`."""
