"""LEEP: how well the classes of pretraining foretell the new ones."""

from __future__ import annotations

import numpy as np

from headstart.transferability._expected import log_expected_prediction
from headstart.transferability.base import Seen, TransferabilityScore, given


class Leep(TransferabilityScore):
    """Log expected empirical prediction (Nguyen et al. 2020, arXiv:2002.12462).

    With θ(x)_z the probability that the backbone's own classifier gives to its class z, and the empirical joint
    distribution P(y, z) = 1/n Σ_{i: y_i = y} θ(x_i)_z,

        LEEP = 1/n Σ_i log Σ_z P(y_i | z) θ(x_i)_z.

    At most 0.
    """

    reads = ("classes", "source")

    def score(self, seen: Seen) -> float:
        return log_expected_prediction(given(seen.source).astype(float), np.asarray(given(seen.classes)))
