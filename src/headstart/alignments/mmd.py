"""Maximum mean discrepancy: the features of both domains have the same mean under kernels of several widths."""

from __future__ import annotations

import torch
from torch import Tensor

from headstart.alignments._kernels import discrepancy, gaussian
from headstart.alignments.base import Alignment, DomainView


class Mmd(Alignment):
    """Long et al. 2015, "Learning transferable features with deep adaptation networks" (DAN), arXiv:1502.02791:

        L = E k(s, s') + E k(t, t') - 2 E k(s, t),   k = Σ_u β_u exp(-‖x - x'‖² / σ_u)

    on the last features, the β_u equal and all pairs used, where the paper learns β and takes one pair an example.
    """

    summary = "equal means of the features under several kernels"

    def forward(self, source: DomainView, target: DomainView) -> Tensor:
        self.check(source, target)
        return discrepancy(gaussian(torch.cat([source.features, target.features])), len(source.features))
