"""A pretrained Mask2Former (Cheng et al. 2022, arXiv:2112.01527) goes on: a query looks only where its mask lies."""

from __future__ import annotations

from torch import Tensor, nn

from headstart.core.detector import Detector
from headstart.tasks.finding.mask_pairing import Prices, cross_entropy
from headstart.tasks.finding.mask_queries import QueriesFinder, QueriesHead


class Mask2FormerHead(QueriesHead):
    """The decoder on three levels, and the map at the finest stride."""

    def build(self, detector: Detector, columns: int) -> None:
        from transformers import Mask2FormerConfig
        from transformers.models.mask2former.modeling_mask2former import Mask2FormerTransformerModule

        made = Mask2FormerConfig.from_dict(dict(detector.settings))
        self.transformer_module = Mask2FormerTransformerModule(in_features=made.feature_size, config=made)
        self.class_predictor = nn.Linear(made.hidden_dim, columns)

    def states(self, pixels: Tensor, others: list[Tensor]) -> list[Tensor]:
        said = self.transformer_module(others[::-1], pixels)
        return [state.transpose(0, 1) for state in reversed(said.intermediate_hidden_states)]

    def embedded(self, state: Tensor) -> Tensor:
        found: Tensor = self.transformer_module.decoder.mask_predictor.mask_embedder(state)
        return found


class Mask2FormerFinder(QueriesFinder):
    """Cross-entropy of classes and of places, and Dice."""

    made, places = Mask2FormerHead, cross_entropy

    def costs(self) -> Prices:
        return self.prices()

    def prices(self) -> Prices:
        made = self.detector.settings
        return Prices(made["class_weight"], made["mask_weight"], made["dice_weight"])
