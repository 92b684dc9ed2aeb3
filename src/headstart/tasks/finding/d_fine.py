"""A pretrained D-FINE (Peng et al. 2024, arXiv:2410.13842) goes on: its decoder, whose edges are distributions.

Each layer says of every edge how likely it lies how far away, as a distribution over steps that it refines; the last
layer teaches those before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from headstart.core.detector import Detector
from headstart.core.maps import Map
from headstart.tasks._map_head import MapHead
from headstart.tasks.finding.anchored import Asked
from headstart.tasks.finding.rt_detr import LOGITS, DecoderHead, RtDetrFinder, overlaps
from headstart.tasks.finding.set_matching import BOX, Paired, asked_of

EDGES = 4
SOFTNESS = 5.0
"""Temperature at which the last layer teaches the others."""


class DFineHead(DecoderHead):
    """As :class:`DecoderHead`; in training distributions of the edges, and where they count from, follow the classes.

    The layers stand in front of what has no distributions: the first guess, and what made the queries.
    """

    def __init__(self, detector: Detector, labels: Sequence[str], frame: tuple[int, int], kind: str) -> None:
        super().__init__(detector, labels, frame, kind)
        decoder: Any = self.model.get_submodule("decoder")
        for name in ("reg_scale", "up"):  # constants, that nothing is to train
            value = getattr(decoder, name).detach().clone()
            delattr(decoder, name)
            decoder.register_buffer(name, value)
        self.wide = LOGITS + len(labels) + EDGES * (int(detector.settings["max_num_bins"]) + 1) + BOX

    def layers_of(self, said: Any) -> list[tuple[Tensor, ...]]:
        """Boxes, logits, distributions and starts of each layer, the last one first; behind them the first guess."""
        if not self.training:
            return super().layers_of(said)[:1]
        guess, *boxes = said.intermediate_reference_points.unbind(1)
        guessed, *logits = said.intermediate_logits.unbind(1)
        edges, starts = said.intermediate_predicted_corners.unbind(1), said.initial_reference_points.unbind(1)
        *earlier, last = zip(boxes, logits, edges, starts, strict=True)
        return [last, *earlier, (guess, guessed)]

    def _rows(self, number: int, *layer: Tensor) -> Tensor:
        rows = super()._rows(number, *layer[:2])
        if not self.training:
            return rows
        rows = torch.cat([rows, *layer[2:]], dim=2)
        return functional.pad(rows, (0, self.wide - rows.shape[2]))


class DFineFinder(RtDetrFinder):
    """Besides the losses of RT-DETR, that of the distributions of the edges, and of how they agree with the last."""

    kind = "DFine"

    def head(self, offered: Sequence[Map]) -> MapHead:
        return DFineHead(self.detector, self.labels, self.frame, self.kind)

    def loss(self, outputs: Tensor, encoded: Tensor, weights: Tensor | None, smoothing: float) -> Tensor:
        total = super().loss(outputs, encoded, weights, smoothing)
        if not self._has_edges(outputs):
            return total
        boxes = zip(outputs.float(), encoded.to(outputs.device), strict=True)
        taught = torch.stack([self._taught_by_the_last(rows, own) for rows, own in boxes])
        return total + (taught if weights is None else taught * weights).mean()

    def _has_edges(self, rows: Tensor) -> bool:
        return rows.shape[-1] > LOGITS + len(self.labels)

    def _edges(self, rows: Tensor) -> Tensor:
        """(Q, 4, B + 1) the distributions, as logits."""
        bins = int(self.detector.settings["max_num_bins"]) + 1
        first = LOGITS + len(self.labels)
        return rows[:, first : first + EDGES * bins].unflatten(1, (EDGES, bins))

    def further(self, rows: Tensor, asked: Asked, pair: Paired) -> Tensor:
        """Fine-grained localisation of a layer that has distributions: Σ IoU (ω← CE(n←) + ω→ CE(n→)).

        n← and n→ are the steps on both sides of where an edge lies, ω← and ω→ how near it is to each.
        """
        from transformers.loss.loss_d_fine import bbox2distance

        made = self.detector.settings
        if not self._has_edges(rows) or rows[0, BOX] >= made["decoder_layers"] or not len(pair.rows):
            return rows.new_zeros(())
        starts, up = rows[pair.rows, -BOX:].detach(), rows.new_tensor([made["up"]])
        wanted = asked.corners[pair.boxes]
        steps, right, left = bbox2distance(starts, wanted, made["max_num_bins"], made["reg_scale"], up)
        edges, lower = self._edges(rows)[pair.rows].flatten(0, 1), steps.long()
        apart = functional.cross_entropy(edges, lower, reduction="none") * left
        apart = apart + functional.cross_entropy(edges, lower + 1, reduction="none") * right
        good = overlaps(rows[:, :BOX].clamp(0, 1), asked, pair).repeat_interleave(EDGES)
        found: Tensor = made["weight_loss_fgl"] * (apart * good).sum()
        return found

    def _taught_by_the_last(self, rows: Tensor, encoded: Tensor) -> Tensor:
        """Decoupled distillation of one picture: what finds something and what does not are averaged apart.

        Of one picture where the authors take a batch, so that the loss is linear in the weights of pictures.
        """
        made = self.detector.settings
        last, *layers = rows.split(self._queries(rows))
        total = rows.new_zeros(())
        for layer in layers[: made["decoder_layers"] - 1]:
            boxes = layer[:, :BOX].clamp(0, 1)
            asked = asked_of(encoded, boxes)
            pair = self.paired(boxes, self._logits(layer), asked)
            sure = self._logits(last).detach().sigmoid().amax(dim=1)
            sure[pair.rows] = overlaps(boxes, asked, pair)
            total = total + _decoupled(self._apart(layer, last), sure, pair.rows)
        return made["weight_loss_ddf"] * total

    def _apart(self, layer: Tensor, last: Tensor) -> Tensor:
        """(Q, 4) T² KL(last || layer) of the softened distributions."""
        own = functional.log_softmax(self._edges(layer) / SOFTNESS, dim=2)
        wanted = functional.softmax(self._edges(last).detach() / SOFTNESS, dim=2)
        return SOFTNESS**2 * nn.functional.kl_div(own, wanted, reduction="none").sum(2)


def _decoupled(apart: Tensor, sure: Tensor, rows: Tensor) -> Tensor:
    """The means of sureness · distance (Q, 4) over what finds something, at `rows`, and the rest, by the roots of how
    many there are."""
    weighed = (apart * sure[:, None]).mean(dim=1)
    finds = torch.zeros_like(sure, dtype=torch.bool)
    finds[rows] = True
    parts = [(weighed[which].mean(), float(which.sum()) ** 0.5) for which in (finds, ~finds) if which.any()]
    return sum(mean * root for mean, root in parts) / sum(root for _, root in parts)  # type: ignore[return-value]
