"""The log expected empirical prediction, of source classes or of clusters that stand in for them."""

from __future__ import annotations

import numpy as np


def log_expected_prediction(shares: np.ndarray, classes: np.ndarray) -> float:
    """1/n Σ_i log Σ_z P(y_i | z) θ_iz with P(y, z) = 1/n Σ_{i: y_i = y} θ_iz.

    Parameters
    ----------
    shares : θ (N, Z), rows of sum 1. classes : (N,) integers from 0 on.
    """
    joint = np.zeros((int(classes.max()) + 1, shares.shape[1]))
    np.add.at(joint, classes, shares / len(shares))
    marginal = joint.sum(axis=0)
    conditional = np.divide(joint, marginal, out=np.zeros_like(joint), where=marginal > 0)
    expected = (conditional[classes] * shares).sum(axis=1)
    return float(np.log(expected).mean())
