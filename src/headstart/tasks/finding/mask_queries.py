"""A pretrained set of queries goes on: each says what it has found, and which places of a map belong to that."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from headstart.core.detector import Detector
from headstart.core.maps import Map
from headstart.tasks._map_head import MapHead
from headstart.tasks.finding.finder import Claims, PretrainedFinder
from headstart.tasks.finding.kept_rows import taught_state
from headstart.tasks.finding.mask_pairing import (
    Parts,
    PlaceLosses,
    Prices,
    Wanted,
    loss_of_kinds,
    loss_of_masks,
    paired,
)
from headstart.tasks.finding.masked import FOUND, MOST
from headstart.tasks.finding.query_rows import Said, rows_of, rows_of_places, said_in
from headstart.tasks.finding.surest import LEAST_SCORE
from headstart.tasks.shapes.box_encoding import FOUND_LABEL
from headstart.tasks.shapes.mask_grids import FOUND_CELLS, at, packed, width_of

PREDICTOR = "class_predictor"
"""Where the columns of the classes are."""


class QueriesHead(MapHead):
    """Maps → raw outputs (N, Q + h · w, 2 + C + E), see :mod:`headstart.tasks.finding.query_rows`.

    In training what the layers before the last say follows behind that, (N, L · Q + h · w, …), where the pretraining
    had it so.

    Parameters
    ----------
    detector : its settings are the configuration of the family in transformers; the first of its maps is the one that
        queries are compared with.
    """

    fastest = 2e-4
    class_predictor: nn.Linear

    def __init__(self, detector: Detector, labels: Sequence[str]) -> None:
        super().__init__(detector.maps)
        self.every_layer = bool(detector.settings["use_auxiliary_loss"])
        self.build(detector, 1 + len(labels))
        if detector.weights is not None:
            self.load_state_dict(taught_state(detector.weights, detector, labels, (PREDICTOR,)))

    def forward(self, maps: dict[str, Tensor]) -> Tensor:
        pixels, *others = (maps[each.name] for each in self.maps)
        states = self.states(pixels, others)
        rows = [
            rows_of(number, self.class_predictor(state), self.embedded(state))
            for number, state in enumerate(states if self.training and self.every_layer else states[:1])
        ]
        return torch.cat([*rows, rows_of_places(pixels, self.class_predictor.out_features)], dim=1)

    @abstractmethod
    def build(self, detector: Detector, columns: int) -> None:
        """Make the layers, with random weights and so many `columns` of classes."""

    @abstractmethod
    def states(self, pixels: Tensor, others: list[Tensor]) -> list[Tensor]:
        """Queries (N, Q, D) after each layer, the last one first."""

    @abstractmethod
    def embedded(self, state: Tensor) -> Tensor:
        """Queries (N, Q, D) as what they look for, (N, Q, E)."""


class QueriesFinder(PretrainedFinder):
    """Masks of objects, each asked for by a query; the box of an object is that of its mask."""

    made: ClassVar[type[QueriesHead]]
    places: ClassVar[PlaceLosses]

    @abstractmethod
    def costs(self) -> Prices:
        """What a pairing of query and object costs."""

    @abstractmethod
    def prices(self) -> Prices:
        """What the loss of a pair costs."""

    def head(self, offered: Sequence[Map]) -> MapHead:
        return self.made(self.detector, self.labels)

    @property
    def _size(self) -> tuple[int, int]:
        """(width, height) of the map that queries are compared with."""
        stride = self.detector.maps[0].stride
        return self.frame[0] // stride, self.frame[1] // stride

    # -- learning -----------------------------------------------------------------------------------

    def loss(self, outputs: Tensor, encoded: Tensor, weights: Tensor | None, smoothing: float) -> Tensor:
        targets = [Wanted(own, self._size) for own in encoded.to(outputs.device)]
        layers = [said_in(rows, len(self.labels)) for rows in outputs.float()]
        count = max(sum(len(wanted.labels) for wanted in targets), 1)
        each = outputs.new_zeros(len(outputs), dtype=torch.float)
        for layer in zip(*layers, strict=True):
            pairs = zip(layer, targets, strict=True)
            kind, heed, shapes = map(torch.stack, zip(*(self._of_one(*one, smoothing) for one in pairs), strict=True))
            each = each + self.prices().kind * kind / heed.sum().clamp(min=1e-9) + shapes / count
        return (each if weights is None else each * weights).sum()

    def _of_one(self, said: Said, wanted: Wanted, smoothing: float) -> Parts:
        places = type(self).places
        with torch.no_grad():
            masks = said.masks()
            pair, spared = paired(said, masks, wanted, self.costs(), places), wanted.spared(masks)
        void = float(self.detector.settings["no_object_weight"])
        kinds = loss_of_kinds(said, pair, wanted, spared, void, smoothing)
        shapes = loss_of_masks(said.masks(pair.rows), wanted.masks[pair.boxes], self.prices(), places)
        return kinds._replace(shapes=shapes)

    # -- reading ------------------------------------------------------------------------------------

    def kept(self, outputs: Tensor) -> Tensor:
        """(N, 50, 6 + 262): the boxes of the surest masks, and these, packed."""
        return torch.stack([self._surest(said_in(rows, len(self.labels))[0]) for rows in outputs.float()])

    def _surest(self, said: Said) -> Tensor:
        masks = said.masks()
        scores = said.scores(masks).flatten()
        best = scores.topk(min(MOST, len(scores)))
        chosen = masks[best.indices // len(self.labels)].unflatten(1, self._size[::-1])
        fine = functional.interpolate(chosen[None], size=self.frame[::-1], mode="bilinear", align_corners=False)[0]
        there = (best.values > LEAST_SCORE) & (fine > 0).flatten(1).any(dim=1)
        fine, labels = fine[there], best.indices[there] % len(self.labels)
        edges = edges_of(fine > 0)
        grids = at(fine.sigmoid(), edges.new_tensor([0.0, 0.0, 1.0, 1.0]).expand_as(edges), edges, FOUND_CELLS)
        found = torch.zeros(MOST, FOUND + width_of(FOUND_CELLS))
        found[:, FOUND_LABEL] = -1
        front = torch.cat([edges, best.values[there, None], labels[:, None].to(edges)], dim=1)
        found[: len(edges)] = torch.cat([front, packed((255 * grids).round().flatten(1))], dim=1).cpu()
        return found

    def claims(self, outputs: Tensor, label: int) -> Claims:
        every = [said_in(rows, len(self.labels))[0] for rows in outputs]
        masks = [said.masks().detach() for said in every]
        return Claims(
            torch.stack([said.log_odds(label) for said in every]),
            torch.stack([said.scores(own)[:, label] for said, own in zip(every, masks, strict=True)]),
            torch.stack([edges_of(own.unflatten(1, self._size[::-1]) > 0) for own in masks]),
        )


def edges_of(masks: Tensor) -> Tensor:
    """(k, 4) the edges of what is covered by masks (k, H, W), booleans, as shares of the picture; nought of none."""
    found = []
    for covered in (masks.any(dim=1), masks.any(dim=2)):
        count = covered.shape[1]
        first, after = covered.float().argmax(dim=1), count - covered.flip(1).float().argmax(dim=1)
        found.append(torch.stack([first, after], dim=1) * covered.any(dim=1, keepdim=True) / count)
    across, along = found
    return torch.stack([across[:, 0], along[:, 0], across[:, 1], along[:, 1]], dim=1)
