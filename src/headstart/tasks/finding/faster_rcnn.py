"""A pretrained Faster R-CNN (Ren et al. 2015, arXiv:1506.01497) goes on, or the boxes of a Mask R-CNN.

The trunk proposes boxes; the head looks into each, and says which class it holds and how to move it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNConvFCHead, TwoMLPHead
from torchvision.ops import MultiScaleRoIAlign, box_iou

from headstart.core.detector import Detector
from headstart.core.maps import Map
from headstart.tasks._map_head import MapHead
from headstart.tasks.finding.anchored import Asked, Read
from headstart.tasks.finding.finder import Claims, PretrainedFinder, of_one
from headstart.tasks.finding.kept_rows import hold_normalisation, taught_state
from headstart.tasks.finding.proposals import BETA, MOST, WIDTH, anchored_rows, loss_of_one, proposals
from headstart.tasks.finding.retinanet import placed_anchors
from headstart.tasks.finding.surest import surest

SCALE = (10.0, 10.0, 5.0, 5.0)
FOUND_FROM = 0.5
"""Overlap of a proposal and a box from which on it is to find it; below it is background."""

ANCHOR, PROPOSAL, NOTHING = 1.0, 0.0, -1.0
"""What a row of the raw outputs is about, in its last column."""


class FasterRcnnHead(MapHead):
    """Maps of the pyramid and of the first stage → raw outputs (N, K, 5 · (1 + C) + 5), a row for each proposal.

    A row holds the background, the classes, the steps of each, the proposal as shares, and what it is about. In
    training, where the first stage learns too, its anchors stand behind the proposals.

    Parameters
    ----------
    detector : with ``sizes`` and ``ratios`` of the anchors, the ``levels`` that are looked into at ``pooled`` places
        by as many, ``samples`` in each, and how many ``convolutions`` and ``hidden`` features come of them.
    """

    def __init__(self, detector: Detector, labels: Sequence[str], frame: tuple[int, int]) -> None:
        super().__init__(detector.maps)
        made = detector.settings
        self.levels, self.columns, self.frame = len(self.maps) // 2, len(labels) + 1, frame
        sizes, ratios = (tuple(map(tuple, made[key])) for key in ("sizes", "ratios"))
        self.anchors = AnchorGenerator(sizes, ratios)
        self.read = [each.name for each in self.maps[: self.levels] if each.name.rpartition("_")[2] in made["levels"]]
        self.pool = MultiScaleRoIAlign(self.read, made["pooled"], made["samples"])
        self.look = _layers(self.maps[0].channels, made)
        self.classify = nn.Linear(made["hidden"], self.columns)
        self.regress = nn.Linear(made["hidden"], 4 * self.columns)
        if detector.weights is not None:
            self.load_state_dict(_state(detector, labels))

    def train(self, mode: bool = True) -> FasterRcnnHead:
        """Normalisation keeps the statistics of its pretraining."""
        super().train(mode)
        hold_normalisation(self)
        return self

    def forward(self, maps: dict[str, Tensor]) -> Tensor:
        proposing = [maps[each.name] for each in self.maps[self.levels :]]
        anchors = placed_anchors(self.anchors, proposing, self.frame)
        first = anchored_rows(proposing, anchors)
        levels = torch.cat([
            torch.full((one.shape[1] // 5 * one.shape[2] * one.shape[3],), number, device=one.device)
            for number, one in enumerate(proposing)
        ])  # fmt: skip
        rows = self._looked_into(maps, proposals(first.detach(), levels, self.frame))
        return torch.cat([rows, self._padded(first)], dim=1) if self.training and first.requires_grad else rows

    def _looked_into(self, maps: dict[str, Tensor], boxes: list[Tensor]) -> Tensor:
        """(N, K, …) a row for each proposal, filled up with rows of nothing."""
        shapes = [(self.frame[1], self.frame[0])] * len(boxes)
        seen = self.look(self.pool({name: maps[name] for name in self.read}, boxes, shapes))
        shares = torch.cat(boxes) / seen.new_tensor(self.frame).repeat(2)
        found = torch.cat([self.classify(seen), self.regress(seen), shares, torch.zeros_like(shares[:, :1])], dim=1)
        parts = found.split([len(own) for own in boxes])
        empty = found.new_full((1, found.shape[1]), NOTHING)
        return torch.stack([torch.cat([own, empty.expand(MOST - len(own), -1)]) for own in parts])

    def _padded(self, first: Tensor) -> Tensor:
        """Rows of anchors as wide as those of proposals."""
        wide = 5 * self.columns + 5 - WIDTH
        about = first.new_full((*first.shape[:2], 1), ANCHOR)
        return torch.cat([first.new_zeros((*first.shape[:2], wide - 1)), first, about], dim=2)


def _layers(channels: int, made: Mapping[str, Any]) -> nn.Module:
    """From the places of a proposal to (hidden) features."""
    if made["convolutions"]:
        size = (channels, made["pooled"], made["pooled"])
        return FastRCNNConvFCHead(size, [channels] * made["convolutions"], [made["hidden"]], nn.BatchNorm2d)
    return TwoMLPHead(channels * made["pooled"] ** 2, made["hidden"])


def _state(detector: Detector, labels: Sequence[str]) -> dict[str, Tensor]:
    """The detector's weights; of the four steps of each class those of the kept classes."""
    weights = dict(detector.weights or {})
    columns = len(detector.columns)
    for name in ("regress.weight", "regress.bias"):
        weights[name] = weights[name].reshape(columns, 4, -1).transpose(0, 1).flatten(0, 1)
    state = taught_state(weights, detector, labels, ("classify", "regress"))
    for name in ("regress.weight", "regress.bias"):
        state[name] = state[name].reshape(4, len(labels) + 1, -1).transpose(0, 1).flatten(0, 1)
    state["regress.bias"] = state["regress.bias"].flatten()
    return state


class FasterRcnnFinder(PretrainedFinder):
    """A softmax over the background and the classes, smooth L1 of the steps of the right class; and the first stage's
    own loss where it learns."""

    def head(self, offered: Sequence[Map]) -> MapHead:
        return FasterRcnnHead(self.detector, self.labels, self.frame)

    def loss(self, outputs: Tensor, encoded: Tensor, weights: Tensor | None, smoothing: float) -> Tensor:
        boxes = encoded.to(outputs.device)
        each = torch.stack([self._of_one(*one, smoothing) for one in zip(outputs, boxes, strict=True)])
        return (each if weights is None else each * weights).mean()

    def _of_one(self, rows: Tensor, boxes: Tensor, smoothing: float) -> Tensor:
        total = self._of_proposals(rows[rows[:, -1] == PROPOSAL], boxes, smoothing)
        anchors = rows[rows[:, -1] == ANCHOR]
        if len(anchors):
            total = total + loss_of_one(Read(anchors[None, :, -1 - WIDTH : -1], self.frame, (1.0,) * 4), 0, boxes)
        return total

    def _of_proposals(self, rows: Tensor, boxes: Tensor, smoothing: float) -> Tensor:
        logits, steps, read = self._read(rows)
        asked = Asked(boxes, read.anchors, read.size)
        owner = _owners(read.anchors, asked.corners)
        positive = (owner >= 0).nonzero()[:, 0]
        target = torch.zeros_like(owner)
        target[positive] = asked.labels[owner[positive]] + 1
        heeded = (owner >= 0) | ~asked.spared
        classes = nn.functional.cross_entropy(
            logits[heeded], target[heeded], reduction="sum", label_smoothing=smoothing
        )
        wanted = read.wanted(positive, asked.corners[owner[positive]])
        own = steps[positive, target[positive]]
        moved = nn.functional.smooth_l1_loss(own, wanted, beta=BETA, reduction="sum")
        return (classes + moved) / max(int(heeded.sum()), 1)

    def _read(self, rows: Tensor) -> tuple[Tensor, Tensor, Read]:
        """Of proposals (k, …): logits (k, 1 + C), steps (k, 1 + C, 4), and a reader of the steps of one class."""
        columns = len(self.labels) + 1
        logits, steps = rows[:, :columns], rows[:, columns : 5 * columns].reshape(-1, columns, 4)
        given = torch.cat([logits, torch.zeros_like(rows[:, :4]), rows[:, -5:-1]], dim=1)
        return logits, steps, Read(given[None], self.frame, SCALE)

    def claims(self, outputs: Tensor, label: int) -> Claims:
        """Of the proposals; what only fills up their number claims nothing."""
        count = outputs.shape[1]
        logits, steps, read = self._read(outputs.flatten(0, 1))
        read.steps = steps[None, :, label + 1]
        there = outputs[..., -1] == PROPOSAL
        log_odds = of_one(logits, label + 1).view(-1, count)
        edges = (read.edges() / read.size.repeat(2)).view(-1, count, 4)
        return Claims(log_odds, log_odds.sigmoid() * there, torch.where(there[..., None], edges, 0.0))

    def kept(self, outputs: Tensor) -> Tensor:
        return torch.stack([self._kept_of_one(rows[rows[:, -1] == PROPOSAL]) for rows in outputs.float()])

    def _kept_of_one(self, rows: Tensor) -> Tensor:
        """Each proposal stands for a box of every class, with edges of its own."""
        logits, steps, read = self._read(rows)
        scores = logits.softmax(dim=1)[:, 1:]
        by_class = []
        for place in range(1, steps.shape[1]):
            read.steps = steps[None, :, place]
            by_class.append(read.edges()[0])
        edges = torch.stack(by_class, dim=1).flatten(0, 1)
        return surest(torch.diag_embed(scores).flatten(0, 1)[None], edges[None], read.size)[0]


def _owners(given: Tensor, boxes: Tensor) -> Tensor:
    """(k,) the box (m, 4) that each proposal overlaps most, -1 where that is too little."""
    if not len(boxes):
        return torch.full((len(given),), -1, dtype=torch.long, device=given.device)
    most, owner = box_iou(boxes, given).max(dim=0)
    return torch.where(most >= FOUND_FROM, owner, -1)
