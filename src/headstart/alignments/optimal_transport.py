"""Optimal transport: each new example is matched with source examples near it whose class it is predicted to have."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from headstart.alignments.base import Alignment, DomainView, labels_of
from headstart.core.optional import require


class OptimalTransport(Alignment):
    """Damodaran et al. 2018, "DeepJDOT: deep joint distribution optimal transport", arXiv:1803.10081:

        L = Σ_ij γ_ij c_ij,   c_ij = α ‖f_i - f_j‖² + λ CE(y_i, logits_j),   γ = argmin over plans with even margins

    solved exactly by POT (Flamary et al. 2021); the plan γ is held constant where the loss is differentiated.

    Parameters
    ----------
    alpha : weight of the features' squared distance. trade : weight λ of the labels' cross-entropy.
    """

    summary = "new examples matched with source examples of the class predicted"
    fewest = 1

    def __init__(self, alpha: float = 0.001, trade: float = 0.01) -> None:
        super().__init__()
        self.alpha, self.trade = alpha, trade

    def forward(self, source: DomainView, target: DomainView) -> Tensor:
        self.check(source, target)
        pot = require("ot", "ot", "the alignment optimal_transport")
        far = (source.features[:, None] - target.features[None]).square().sum(dim=2)
        surprise = -functional.log_softmax(target.logits, dim=1)[:, labels_of(source)].T
        cost = self.alpha * far + self.trade * surprise
        even = [np.full(size, 1 / size) for size in cost.shape]
        plan = torch.from_numpy(pot.emd(*even, cost.detach().cpu().double().numpy()))
        return (plan.to(cost) * cost).sum()
