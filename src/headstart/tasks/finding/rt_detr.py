"""A pretrained RT-DETR (Zhao et al. 2023, arXiv:2304.08069) goes on: its decoder; and v2 (Lv et al. 2024,
arXiv:2407.17140).

The likeliest places of the trunk's levels become queries, and each layer of the decoder moves their boxes a little
and says anew what they hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torchvision.ops import box_iou

from headstart.core.detector import Detector
from headstart.core.errors import UsageError
from headstart.core.maps import Map
from headstart.tasks._map_head import MapHead
from headstart.tasks.finding.anchored import Asked
from headstart.tasks.finding.finder import Claims, PretrainedFinder, by_finders
from headstart.tasks.finding.kept_rows import hold_normalisation, taught_state
from headstart.tasks.finding.set_matching import BOX, Paired, Weights, asked_of, edges_of, loss_of_edges, paired
from headstart.tasks.finding.surest import surest

LEVEL, LOGITS = BOX, BOX + 1
"""Columns of the raw outputs behind the box: which layer of the decoder says it, and from there on the classes."""

NOTHING = -1.0

PREDICTORS = ("model.enc_score_head", "model.decoder.class_embed")
"""Where the columns of the classes are."""

_TINY_BACKBONE = {
    "model_type": "rt_detr_resnet",
    "embedding_size": 4,
    "hidden_sizes": [4, 4, 4, 4],
    "depths": [1, 1, 1, 1],
    "layer_type": "basic",
}
_STAGES = ("stage1", "stage2", "stage3", "stage4")


class DecoderHead(MapHead):
    """Levels → raw outputs (N, Q, 5 + C): boxes, 0, and the log odds of the classes.

    In training what the layers before the last say follows, and what made the queries: (N, (L + 1) · Q, …).

    Parameters
    ----------
    detector : its settings are the configuration of the family in transformers.
    """

    fastest = 2e-4

    def __init__(self, detector: Detector, labels: Sequence[str], frame: tuple[int, int], kind: str) -> None:
        super().__init__(detector.maps)
        places = sum((frame[0] // each.stride) * (frame[1] // each.stride) for each in self.maps)
        self.model = _decoder(detector.settings, len(labels), places, kind)
        if detector.weights is not None:
            self.load_state_dict(taught_state(detector.weights, detector, labels, PREDICTORS))

    def train(self, mode: bool = True) -> DecoderHead:
        """Normalisation keeps the statistics of its pretraining."""
        super().train(mode)
        hold_normalisation(self)
        return self

    def forward(self, maps: dict[str, Tensor]) -> Tensor:
        from transformers.modeling_outputs import BaseModelOutput

        levels: Any = [maps[each.name] for each in self.maps]
        said = self.model(None, inputs_embeds=levels[0], encoder_outputs=BaseModelOutput(last_hidden_state=levels))
        layers = self.layers_of(said)
        if self.training:
            layers.append((said.enc_topk_bboxes, said.enc_topk_logits))
        rows = [self._rows(number, *layer) for number, layer in enumerate(layers if self.training else layers[:1])]
        return torch.cat(rows, dim=1)

    def layers_of(self, said: Any) -> list[tuple[Tensor, ...]]:
        """Boxes (N, Q, 4) and logits (N, Q, C) of each layer, the last one first."""
        boxes, logits = said.intermediate_reference_points, said.intermediate_logits
        count = logits.shape[1]
        return [(boxes[:, place], logits[:, place]) for place in (count - 1, *range(count - 1))]

    def _rows(self, number: int, *layer: Tensor) -> Tensor:
        boxes, logits = layer
        return torch.cat([boxes, torch.full_like(boxes[..., :1], number), logits], dim=2)


def _decoder(settings: Mapping[str, Any], classes: int, places: int, kind: str) -> nn.Module:
    """All of a detector that follows the levels, with random weights; what comes before is made small and let go."""
    import transformers

    if settings["learn_initial_query"] and places < settings["num_queries"]:
        raise UsageError(f"The detector's {settings['num_queries']} queries need as many places; there are {places}.")
    levels = len(settings["encoder_in_channels"])
    trunk = {
        "backbone_config": {**_TINY_BACKBONE, "out_features": list(_STAGES[-levels:])},
        "encoder_hidden_dim": 4,
        "encoder_layers": 0,
        "encoder_ffn_dim": 4,
        "encoder_attention_heads": 1,
        "num_denoising": 0,
    }
    own = {"num_queries": min(settings["num_queries"], places)}
    config = getattr(transformers, f"{kind}Config").from_dict({**settings, **trunk, **own}, num_labels=classes)
    model: nn.Module = getattr(transformers, f"{kind}ForObjectDetection")(config).model
    for name in ("backbone", "encoder_input_proj", "encoder"):
        delattr(model, name)
    return model


class RtDetrFinder(PretrainedFinder):
    """Varifocal loss of the classes, distance and overlap of the boxes, of every layer after a pairing of its own."""

    kind: ClassVar[str] = "RTDetr"
    """What the names of its classes in transformers begin with."""

    def head(self, offered: Sequence[Map]) -> MapHead:
        return DecoderHead(self.detector, self.labels, self.frame, self.kind)

    def loss(self, outputs: Tensor, encoded: Tensor, weights: Tensor | None, smoothing: float) -> Tensor:
        boxes = zip(outputs.float(), encoded.to(outputs.device), strict=True)
        return by_finders((self._of_one(rows, own, smoothing) for rows, own in boxes), weights)

    def _of_one(self, rows: Tensor, encoded: Tensor, smoothing: float) -> tuple[Tensor, int]:
        """The summed loss of one picture's layers, and how many boxes are asked for."""
        total, count = rows.new_zeros(()), 0
        for layer in rows.split(self._queries(rows)):
            asked = asked_of(encoded, layer[:, :BOX])
            total, count = total + self.loss_of_layer(layer, asked, smoothing), len(asked.labels)
        return total, count

    def _queries(self, rows: Tensor) -> int:
        """How many rows (P, …) are of one layer."""
        return int((rows[:, LEVEL] == 0).sum())

    def _logits(self, rows: Tensor) -> Tensor:
        return rows[..., LOGITS : LOGITS + len(self.labels)]

    def loss_of_layer(self, rows: Tensor, asked: Asked, smoothing: float) -> Tensor:
        """Summed over its queries (Q, …)."""
        made, boxes, logits = self.detector.settings, rows[:, :BOX].clamp(0, 1), self._logits(rows)
        pair = self.paired(boxes, logits, asked)
        heeded = ~asked.spared
        heeded[pair.rows] = True
        target = torch.full_like(logits, NOTHING)
        target[pair.rows, asked.labels[pair.boxes]] = overlaps(boxes, asked, pair) * (1 - smoothing)
        kind = varifocal(logits[heeded], target[heeded], made["focal_loss_alpha"], made["focal_loss_gamma"])
        prices = Weights(made["weight_loss_vfl"], made["weight_loss_bbox"], made["weight_loss_giou"])
        edges = loss_of_edges(boxes[pair.rows], asked.corners[pair.boxes], prices)
        return prices.kind * kind + edges + self.further(rows, asked, pair)

    def further(self, rows: Tensor, asked: Asked, pair: Paired) -> Tensor:
        """What else a family asks of the queries (Q, …) of a layer, summed; nothing."""
        return rows.new_zeros(())

    def paired(self, boxes: Tensor, logits: Tensor, asked: Asked) -> Paired:
        """Which queries are to find which boxes, by focal cost of the class."""
        made = self.detector.settings
        alpha, gamma = made["matcher_alpha"], made["matcher_gamma"]
        likely = logits.detach().sigmoid()[:, asked.labels]
        against = (1 - alpha) * likely**gamma * -(1 - likely + 1e-8).log()
        kind = alpha * (1 - likely) ** gamma * -(likely + 1e-8).log() - against
        costs = Weights(made["matcher_class_cost"], made["matcher_bbox_cost"], made["matcher_giou_cost"])
        return paired(kind, boxes, asked.corners, costs)

    def kept(self, outputs: Tensor) -> Tensor:
        said = outputs[:, : self._queries(outputs[0])].float()
        return surest(self._logits(said).sigmoid(), edges_of(said[..., :BOX]), said.new_ones(2), overlap=1.0)

    def claims(self, outputs: Tensor, label: int) -> Claims:
        log_odds = outputs[..., LOGITS + label]
        return Claims(log_odds, log_odds.sigmoid(), edges_of(outputs[..., :BOX]))


class RtDetrV2Finder(RtDetrFinder):
    """The same; its decoder looks into the levels in another way."""

    kind = "RTDetrV2"


def overlaps(boxes: Tensor, asked: Asked, pair: Paired) -> Tensor:
    """(k,) intersection over union of what is paired."""
    return box_iou(edges_of(boxes[pair.rows].detach()), asked.corners[pair.boxes]).diagonal()


def varifocal(logits: Tensor, target: Tensor, alpha: float, gamma: float) -> Tensor:
    """The sum over (Q, C) of weight · cross-entropy; `target` is the overlap of what is to be found, else `NOTHING`.

    Zhang et al. 2021, "VarifocalNet" (arXiv:2008.13367): a detection is to be as sure as its box is good, and weighs
    as much; what finds nothing weighs α p^γ.
    """
    weight = torch.where(target == NOTHING, alpha * logits.detach().sigmoid() ** gamma, target)
    return nn.functional.binary_cross_entropy_with_logits(logits, target.clamp(min=0), weight, reduction="sum")
