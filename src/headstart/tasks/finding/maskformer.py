"""A pretrained MaskFormer (Cheng et al. 2021, arXiv:2107.06278) goes on: queries read the coarsest map."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from headstart.core.detector import Detector
from headstart.tasks.finding.mask_pairing import Prices, focal
from headstart.tasks.finding.mask_queries import QueriesFinder, QueriesHead


class MaskFormerHead(QueriesHead):
    """DETR's decoder on the coarsest map, and the map at the finest stride."""

    def build(self, detector: Detector, columns: int) -> None:
        from transformers import MaskFormerConfig
        from transformers.models.maskformer import modeling_maskformer as family

        made: Any = MaskFormerConfig.from_dict(dict(detector.settings))
        width = made.decoder_config.hidden_size
        self.transformer_module = family.MaskFormerTransformerModule(detector.maps[-1].channels, made)
        self.class_predictor = nn.Linear(width, columns)
        self.mask_embedder = family.MaskformerMLPPredictionHead(width, width, made.mask_feature_size)

    def states(self, pixels: Tensor, others: list[Tensor]) -> list[Tensor]:
        said = self.transformer_module(others[0], output_hidden_states=True)
        return [said.last_hidden_state, *reversed(said.hidden_states[:-1])]

    def embedded(self, state: Tensor) -> Tensor:
        found: Tensor = self.mask_embedder(state)
        return found


class MaskFormerFinder(QueriesFinder):
    """Cross-entropy of classes, focal loss of places, and Dice."""

    made, places = MaskFormerHead, focal

    def costs(self) -> Prices:
        return self.prices()._replace(kind=1.0)

    def prices(self) -> Prices:
        made = self.detector.settings
        return Prices(made["cross_entropy_weight"], made["mask_weight"], made["dice_weight"])
