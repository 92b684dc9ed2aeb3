"""Nuclear norm of the answers: sure and diverse at once."""

from __future__ import annotations

import numpy as np

from headstart.validators.base import Seen, Validator


class NuclearNorm(Validator):
    """Cui et al. 2020, "Towards discriminability and diversity: batch nuclear-norm maximization",
    arXiv:2003.12237; found among the best validators by Musgrave et al. 2022 (arXiv:2208.07360):

        ‖P‖_* / √(N min(N, C)),   P the (N, C) probabilities.

    At most 1, which is reached where every answer is sure and every class is given equally often.
    """

    summary = "sure answers that are spread over the classes"
    is_an_objective = True

    def validate(self, seen: Seen) -> float:
        count, classes = seen.probable.shape
        # Singular values of P are the roots of the eigenvalues of PᵀP, which is small.
        squares = np.linalg.eigvalsh(seen.probable.T @ seen.probable)
        return float(np.sqrt(np.maximum(squares, 0)).sum() / np.sqrt(count * min(count, classes)))
