"""Information maximisation: each answer is sure, and all classes are given."""

from __future__ import annotations

from scipy.special import xlogy

from headstart.validators.base import Seen, Validator


class InformationMaximisation(Validator):
    """Krause et al. 2010, "Discriminative clustering by regularized information maximization"; as a validator in
    Musgrave et al. 2022 (arXiv:2208.07360):

        I(y; x) = H(mean p) - mean H(p),   in nats.

    Between 0 and log C. The first term is the diversity without which a network that takes everything for one class
    would look sure of itself. SHOT (Liang et al. 2020, arXiv:2002.08546) trains networks to raise it.
    """

    summary = "sure answers that differ from each other"
    is_an_objective = True

    def validate(self, seen: Seen) -> float:
        mean = seen.probable.mean(axis=0)
        return float(-xlogy(mean, mean).sum() + xlogy(seen.probable, seen.probable).sum(axis=1).mean())
