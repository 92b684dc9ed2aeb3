"""Minimum class confusion: new examples are not taken for two classes at once."""

from __future__ import annotations

from torch import Tensor

from headstart.alignments._entropy import entropy
from headstart.alignments.base import Alignment, DomainView


class Mcc(Alignment):
    """Jin et al. 2020, "Minimum class confusion for versatile domain adaptation", arXiv:1912.03699:

        Ŷ = softmax(logits / T),  W_i = B (1 + exp(-H(ŷ_i))) / Σ_i' (1 + exp(-H(ŷ_i'))),
        C_jj' = Σ_i W_i ŷ_ij ŷ_ij',  C̃_jj' = C_jj' / Σ_j'' C_jj'',  L = Σ_j Σ_j'≠j C̃_jj' / |C|

    over a batch of the new domain; the source domain is not read.

    Parameters
    ----------
    temperature : T.
    """

    summary = "predictions for the new domain that are not confused"
    fewest = 1

    def __init__(self, temperature: float = 2.5) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, source: DomainView, target: DomainView) -> Tensor:
        self.check(target)
        predictions = (target.logits / self.temperature).softmax(dim=1)
        sure = 1 + (-entropy(predictions.detach())).exp()
        weights = len(sure) * sure / sure.sum()
        confusion = predictions.T @ (weights[:, None] * predictions)
        confusion = confusion / confusion.sum(dim=1, keepdim=True)
        return (confusion.sum() - confusion.trace()) / len(confusion)
