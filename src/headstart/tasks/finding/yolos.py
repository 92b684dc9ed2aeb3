"""A pretrained YOLOS (Fang et al. 2021, arXiv:2106.00666) goes on: its last layer, and what its queries say there.

A softmax over no object and the classes says what each query found; its box is told by middle and sides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from headstart.core.detector import Detector
from headstart.core.maps import Map
from headstart.tasks._map_head import MapHead
from headstart.tasks.finding.finder import Claims, PretrainedFinder, of_one
from headstart.tasks.finding.kept_rows import taught_state
from headstart.tasks.finding.set_matching import BOX, Weights, asked_of, edges_of, loss_of_edges, paired
from headstart.tasks.finding.surest import surest

NO_OBJECT = 0
LAST = "classify.layers.2"
"""Where the columns of the classes are."""


class YolosHead(MapHead):
    """Patches and tokens → raw outputs (N, Q, 4 + 1 + C): boxes, no object, the classes.

    Parameters
    ----------
    detector : its settings are the configuration of the family in transformers.
    """

    fastest = 2e-4

    def __init__(self, detector: Detector, labels: Sequence[str]) -> None:
        super().__init__(detector.maps)
        whole = _one_layer(detector.settings, len(labels))
        self.layer, self.normalise = whole.vit.encoder.layer[0], whole.vit.layernorm
        self.classify, self.regress = whole.class_labels_classifier, whole.bbox_predictor
        if detector.weights is not None:
            self.load_state_dict(taught_state(detector.weights, detector, labels, (LAST,)))

    def forward(self, maps: dict[str, Tensor]) -> Tensor:
        patches, tokens = (maps[each.name].flatten(2).transpose(1, 2) for each in self.maps)
        hidden = self.normalise(self.layer(torch.cat([tokens, patches], dim=1)))
        queries = hidden[:, 1 : tokens.shape[1]]
        return torch.cat([self.regress(queries).sigmoid(), self.classify(queries)], dim=2)


def _one_layer(settings: Mapping[str, Any], classes: int) -> Any:
    """A whole detector of one layer, with random weights."""
    from transformers import YolosConfig, YolosForObjectDetection

    small = {"num_hidden_layers": 1, "image_size": [settings["patch_size"]] * 2, "use_mid_position_embeddings": False}
    return YolosForObjectDetection(YolosConfig.from_dict({**settings, **small}, num_labels=classes))


class _Parts(NamedTuple):
    """Of one picture: the summed loss of the classes and what its predictions weigh; that of the boxes."""

    kind: Tensor
    heed: Tensor
    edges: Tensor
    asked: int


class YolosFinder(PretrainedFinder):
    """Cross-entropy of the classes, distance and overlap of the boxes, after the cheapest pairing (DETR)."""

    def head(self, offered: Sequence[Map]) -> MapHead:
        return YolosHead(self.detector, self.labels)

    def loss(self, outputs: Tensor, encoded: Tensor, weights: Tensor | None, smoothing: float) -> Tensor:
        boxes = encoded.to(outputs.device)
        parts = [self._of_one(rows, own, smoothing) for rows, own in zip(outputs.float(), boxes, strict=True)]
        kind, heed, edges = (torch.stack([getattr(one, name) for one in parts]) for name in ("kind", "heed", "edges"))
        each = kind / heed.sum() + edges / max(sum(one.asked for one in parts), 1)
        return (each if weights is None else each * weights).sum()

    def _of_one(self, rows: Tensor, encoded: Tensor, smoothing: float) -> _Parts:
        made, boxes, logits = self.detector.settings, rows[:, :BOX], rows[:, BOX:]
        asked = asked_of(encoded, boxes)
        costs = Weights(made["class_cost"], made["bbox_cost"], made["giou_cost"])
        pair = paired(-logits.softmax(dim=1)[:, asked.labels + 1], boxes, asked.corners, costs)
        target = torch.full((len(rows),), NO_OBJECT, device=rows.device)
        target[pair.rows] = asked.labels[pair.boxes] + 1
        heeded = (target != NO_OBJECT) | ~asked.spared
        weigh = logits.new_ones(logits.shape[1])
        weigh[NO_OBJECT] = made["eos_coefficient"]
        kind = nn.functional.cross_entropy(
            logits[heeded], target[heeded], weigh, reduction="sum", label_smoothing=smoothing
        )
        prices = Weights(1.0, made["bbox_loss_coefficient"], made["giou_loss_coefficient"])
        edges = loss_of_edges(boxes[pair.rows], asked.corners[pair.boxes], prices)
        return _Parts(kind, weigh[target[heeded]].sum(), edges, len(asked.labels))

    def kept(self, outputs: Tensor) -> Tensor:
        said = outputs.float()
        scores = said[..., BOX:].softmax(dim=2)[..., 1:]
        return surest(scores, edges_of(said[..., :BOX]), said.new_ones(2), overlap=1.0)

    def claims(self, outputs: Tensor, label: int) -> Claims:
        log_odds = of_one(outputs[..., BOX:], label + 1)
        return Claims(log_odds, log_odds.sigmoid(), edges_of(outputs[..., :BOX]))
