"""A few labels: the head learns from the source examples as they are, and from the labelled new inputs."""

from __future__ import annotations

import numpy as np

from headstart.adaptations._moved import Moving
from headstart.adaptations.base import Domains


class FewLabels(Moving):
    """Joint training on both domains (Daumé 2007, arXiv:0907.1815, its baseline ``weighted``): x' = x.

    What a few labels are worth without any alignment.
    """

    summary = "learns from the labelled new inputs beside the source examples"
    needs_labels = True

    def missing(self, domains: Domains) -> str:
        return "" if len(domains.labelled) else "it needs a few labels (--labels-for FILE)"

    def move(self, source: np.ndarray, target: np.ndarray) -> np.ndarray:
        return source
