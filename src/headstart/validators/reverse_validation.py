"""Reverse validation: whoever learns from the answers for the new inputs knows the source examples."""

from __future__ import annotations

import numpy as np

from headstart.core.standardising import spread
from headstart.validators.base import Seen, Validator

PENALTY = 1.0
"""Of the least-squares head, in units of an example's squared length."""


class ReverseValidation(Validator):
    """Bruzzone & Marconcini 2010, "Domain adaptation problems: a DASVM classification technique and a circular
    validation strategy"; Ganin et al. 2016 (arXiv:1505.07818), section 5.1.2:

        A = mean_s [argmax (W x_s) = y_s],   W = argmin Σ_t ‖W x_t - p_t‖² + λ ‖W‖²,

    the accuracy, on source examples whose labels are known, of a head that has seen the new inputs alone, with the
    network's answers as if they were true. Balanced over the classes, so that one answer for all is worth 1 / C.
    """

    summary = "answers from which the source's labels can be learnt back"

    def validate(self, seen: Seen) -> float:
        new = seen.features.astype(np.float64)
        mean, width = new.mean(axis=0), np.sqrt(new.shape[1])
        by = spread(mean, new.std(axis=0)) * width
        new, source = (new - mean) / by, (seen.source - mean) / by
        centre = seen.probable.mean(axis=0)
        inner = new.T @ new + PENALTY * np.eye(new.shape[1])
        said = source @ np.linalg.solve(inner, new.T @ (seen.probable - centre)) + centre
        right = said.argmax(axis=1) == seen.classes
        return float(np.mean([right[seen.classes == kind].mean() for kind in np.unique(seen.classes)]))
