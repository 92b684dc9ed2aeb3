"""NLEEP: LEEP with clusters of the features in the place of the classes of pretraining."""

from __future__ import annotations

import numpy as np

from headstart.transferability._expected import log_expected_prediction
from headstart.transferability.base import Seen, TransferabilityScore, given


class Nleep(TransferabilityScore):
    """Gaussian LEEP (Li et al. 2021, arXiv:2011.11200): no classifier is needed.

    The features are projected onto the principal components that hold `energy` of their variance, a mixture of K
    Gaussians is fitted to them, and LEEP is taken of the responsibilities P(v | x) of its components v:

        NLEEP = 1/n Σ_i log Σ_v P(y_i | v) P(v | x_i).

    Parameters
    ----------
    energy : share of the variance that is kept, 0.8 in the paper.
    each : components for each class, 5 in the paper. There are never more than a third as many as examples.
    """

    reads = ("features", "classes")

    def __init__(self, energy: float = 0.8, each: int = 5) -> None:
        self.energy, self.each = energy, each

    def score(self, seen: Seen) -> float:
        from sklearn.decomposition import PCA
        from sklearn.mixture import GaussianMixture

        features, classes = given(seen.features).astype(float), np.asarray(given(seen.classes))
        projected = PCA(self.energy, svd_solver="full").fit_transform(features)
        wanted = self.each * len(np.unique(classes))
        components = max(1, min(wanted, len(features) // 3))
        # One variance a direction: full covariances of so many components have more numbers than there are examples.
        mixture = GaussianMixture(components, covariance_type="diag", random_state=0)
        return log_expected_prediction(mixture.fit(projected).predict_proba(projected), classes)
