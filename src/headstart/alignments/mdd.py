"""Margin disparity discrepancy: no second head agrees on the source domain and disagrees on the new one."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from headstart.alignments._reversal import growing, reversed_gradient
from headstart.alignments.base import Alignment, DomainView

HIDDEN = 256


class Mdd(Alignment):
    """Zhang et al. 2019, "Bridging theory and algorithm for domain adaptation", arXiv:1904.05801:

        L = -γ E_s log σ_ŷ(f'(x)) - E_t log(1 - σ_ŷ(f'(x))),   ŷ the class that the head predicts

    minimised by a second head f', whose gradient is reversed for the features as in DANN; γ is exp of the margin.

    Parameters
    ----------
    margin : γ.
    """

    summary = "features on which a second head cannot disagree with the first"
    fewest = 1

    def __init__(self, margin: float = 4.0) -> None:
        super().__init__()
        self.margin = margin

    def build(self, width: int, classes: int) -> None:
        self.other: nn.Module = nn.Sequential(nn.Linear(width, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, classes))

    def forward(self, source: DomainView, target: DomainView) -> Tensor:
        self.check(source, target)
        strength = growing(self.progress)
        agreeing, disagreeing = (self.other(reversed_gradient(view.features, strength)) for view in (source, target))
        near = functional.cross_entropy(agreeing, source.logits.argmax(dim=1))
        predicted = disagreeing.log_softmax(dim=1).gather(1, target.logits.argmax(dim=1, keepdim=True))[:, 0]
        # log(1 - exp(l)), exact for l near 0 and far below it.
        far = torch.log(-torch.expm1(predicted.clamp_max(-1e-6))).neg().mean()
        return self.margin * near + far
