"""Masks beside boxes: whatever finds the boxes, a branch of layers looks into the surest of them (Mask R-CNN).

He et al. 2017, arXiv:1703.06870. Here the branch learns from the boxes that are found, once they lie on objects, and
not from proposals.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torchvision.ops import box_iou

from headstart.core.detector import Detector
from headstart.core.maps import Map
from headstart.tasks._map_head import MapHead
from headstart.tasks.finding.finder import Claims, Finder, by_finders
from headstart.tasks.finding.mask_branches import NewMasks, TaughtMasks, branch_on
from headstart.tasks.shapes.box_encoding import CROWD, DIFFICULT, FOUND_LABEL, HEIGHT, LABEL
from headstart.tasks.shapes.mask_grids import FOUND_CELLS, TRUE_CELLS, at, packed, unpacked

MOST, TAUGHT = 50, 12
"""Boxes of a picture that are given a mask: the surest; and those of them that teach."""

FOUND_FROM = 0.5
"""Overlap of a found box with a marked one from which on its mask is to be that of the object."""

ENCODED, FOUND = HEIGHT + 1, FOUND_LABEL + 1
"""Columns of an encoded box and of a kept one, before those of its mask."""

ROW = FOUND + FOUND_CELLS**2


class MaskedHead(MapHead):
    """A head that finds boxes, and a branch that gives the surest of them masks → raw outputs (N, P + R, D).

    The first P rows are those of the inner head; in the others, as wide as those, lie the found boxes (edges as
    shares, score, class) with the logits of their masks, one after the other.

    Parameters
    ----------
    inner : the head that finds boxes. branch : gives logits. finder : reads what `inner` gives.
    given : the maps that `branch` was chosen for; those that are read stay in this order, so that it chooses the same
        among them when the head is built again.
    """

    def __init__(self, inner: MapHead, branch: NewMasks | TaughtMasks, finder: Finder, given: Sequence[Map]) -> None:
        read = {*inner.maps, *branch.maps}
        ordered = dict.fromkeys([*given, *inner.maps, *branch.maps])
        super().__init__([each for each in ordered if each in read])
        self.finder, self.masks = inner, branch
        self._read = finder
        self.fastest = inner.fastest

    def forward(self, maps: dict[str, Tensor]) -> Tensor:
        rows = self.finder(maps)
        with torch.no_grad():
            found = self._read.kept(rows.detach())[:, :MOST].to(rows)
        there = found[..., FOUND_LABEL] >= 0
        if self.training:
            there[:, TAUGHT:] = False
        size = rows.new_tensor(self._read.frame).repeat(2)
        boxes = [own[seen, :4] * size for own, seen in zip(found, there, strict=True)]
        logits = found.new_zeros(*found.shape[:2], FOUND_CELLS**2)
        logits = logits.masked_scatter(
            there[..., None], self.masks(maps, boxes, self._read.frame).flatten(1).to(rows)
        )
        return torch.cat([rows, _as_rows(torch.cat([found, logits], dim=2), rows.shape[2])], dim=1)


def _as_rows(found: Tensor, width: int) -> Tensor:
    """(N, K, 790) as rows (N, R, D) of another width."""
    flat = found.flatten(1)
    return nn.functional.pad(flat, (0, -flat.shape[1] % width)).unflatten(1, (-1, width))


def parted(outputs: Tensor) -> tuple[Tensor, Tensor]:
    """Raw outputs as the inner head's rows (N, P, D), and found boxes with their masks' logits (N, 50, 790)."""
    rows = -(-MOST * ROW // outputs.shape[2])
    flat = outputs[:, -rows:].flatten(1)[:, : MOST * ROW]
    return outputs[:, :-rows], flat.unflatten(1, (MOST, ROW))


class MaskedFinder(Finder):
    """Boxes as `inner` finds them, and their masks.

    Parameters
    ----------
    inner : what finds the boxes. detector : the pretrained one that it goes on from, if any.
    """

    def __init__(self, inner: Finder, detector: Detector | None) -> None:
        super().__init__(inner.labels, inner.frame)
        self.inner, self.detector = inner, detector

    def head(self, offered: Sequence[Map]) -> MapHead:
        inner = self.inner.head(offered)
        maps = [*offered, *inner.maps] if len(offered) != 1 else offered
        return MaskedHead(inner, branch_on(self.detector, self.labels, maps), self.inner, maps)

    def loss(self, outputs: Tensor, encoded: Tensor, weights: Tensor | None, smoothing: float) -> Tensor:
        """That of the boxes, and cross-entropy of the masks of boxes that lie on an object, over their places."""
        rows, found = parted(outputs)
        encoded = encoded.to(outputs.device)
        boxes = self.inner.loss(rows, encoded[..., :ENCODED], weights, smoothing)
        masks = by_finders((self._of_one(*one) for one in zip(found, encoded, strict=True)), weights)
        return boxes + masks

    def _of_one(self, found: Tensor, marked: Tensor) -> tuple[Tensor, int]:
        """The summed loss of the masks of one picture, and how many masks these are."""
        asked = marked[(marked[:, LABEL] >= 0) & (marked[:, CROWD] <= 0) & (marked[:, DIFFICULT] <= 0)]
        found = found[:TAUGHT][found[:TAUGHT, FOUND_LABEL] >= 0]
        if not len(asked) or not len(found):
            return found[:, FOUND:].sum() * 0, 0
        most, owner = box_iou(asked[:, :4], found[:, :4]).max(dim=0)
        seen = most >= FOUND_FROM
        own, logits = asked[owner[seen]], found[seen, FOUND:]
        grids = unpacked(own[:, ENCODED:], TRUE_CELLS)
        target = at(grids, own[:, :4], found[seen, :4].detach(), FOUND_CELLS).flatten(1)
        each = nn.functional.binary_cross_entropy_with_logits(logits, target.to(logits), reduction="none")
        return each.mean(dim=1).sum(), int(seen.sum())

    def kept(self, outputs: Tensor) -> Tensor:
        """(N, 50, 6 + 262): boxes as the inner one keeps them, and their masks, packed."""
        found = parted(outputs.float())[1]
        masks = packed((255 * found[..., FOUND:].sigmoid()).round())
        return torch.cat([found[..., :FOUND], masks], dim=2)

    def claims(self, outputs: Tensor, label: int) -> Claims:
        return self.inner.claims(parted(outputs)[0], label)
