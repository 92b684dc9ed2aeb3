"""Joint maximum mean discrepancy: features and predictions of both domains go together in the same way."""

from __future__ import annotations

import torch
from torch import Tensor

from headstart.alignments._kernels import discrepancy, gaussian
from headstart.alignments.base import Alignment, DomainView

PREDICTION_WIDTHS = (1.0,)


class JointMmd(Alignment):
    """Long et al. 2017, "Deep transfer learning with joint adaptation networks" (JAN), arXiv:1605.06636:

        L = E k(s, s') + E k(t, t') - 2 E k(s, t),   k = k_features(f, f') · k_predictions(p, p')

    with p the softmax of the logits, and a single width for the predictions as there.
    """

    summary = "equal joint distributions of features and predictions"

    def forward(self, source: DomainView, target: DomainView) -> Tensor:
        self.check(source, target)
        features = gaussian(torch.cat([source.features, target.features]))
        predictions = gaussian(torch.cat([source.logits, target.logits]).softmax(dim=1), PREDICTION_WIDTHS)
        return discrepancy(features * predictions, len(source.features))
