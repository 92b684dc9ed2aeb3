"""Conditional adversarial training: features and predictions together do not give away the domain."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from headstart.alignments._entropy import entropy
from headstart.alignments._reversal import discriminator, domain_loss, growing, reversed_gradient
from headstart.alignments.base import Alignment, DomainView

WIDEST = 4096
"""Products of features and predictions beyond which random ones stand in for all, as in the paper."""


class Cdan(Alignment):
    """Long et al. 2018, "Conditional adversarial domain adaptation" (CDAN+E), arXiv:1705.10667:

        L = -½ E_s w log D(f ⊗ g) - ½ E_t w log(1 - D(f ⊗ g)),   w ∝ 1 + exp(-H(g)) of mean 1

    for features f and predictions g = softmax(logits), whose gradient is reversed as in DANN. Where f ⊗ g has more
    than 4096 products, (R_f f) ⊙ (R_g g) / √4096 with random Gaussian matrices stands in.
    """

    summary = "features that, with the prediction, do not give away the domain"
    fewest = 1

    def build(self, width: int, classes: int) -> None:
        self.random = width * classes > WIDEST
        if self.random:
            self.register_buffer("of_features", torch.randn(width, WIDEST))
            self.register_buffer("of_predictions", torch.randn(classes, WIDEST))
        self.discriminator: nn.Module = discriminator(WIDEST if self.random else width * classes)

    def forward(self, source: DomainView, target: DomainView) -> Tensor:
        self.check(source, target)
        strength = growing(self.progress)
        answers, weights = [], []
        for view in (source, target):
            predictions = view.logits.softmax(dim=1)
            together = self._together(view.features, predictions)
            answers.append(self.discriminator(reversed_gradient(together, strength)))
            sure = 1 + (-entropy(predictions.detach())).exp()
            weights.append(sure / sure.mean())
        return domain_loss(answers[0], answers[1], (weights[0], weights[1]))

    def _together(self, features: Tensor, predictions: Tensor) -> Tensor:
        """(N, D) and (N, C) → (N, D C), or (N, 4096) random products."""
        if not self.random:
            return (predictions[:, :, None] * features[:, None]).flatten(1)
        of_features, of_predictions = self.get_buffer("of_features"), self.get_buffer("of_predictions")
        return (features @ of_features) * (predictions @ of_predictions) / WIDEST**0.5
