"""NCE: what the new class still leaves open once the class of pretraining is known."""

from __future__ import annotations

import numpy as np

from headstart.transferability.base import Seen, TransferabilityScore, given


class Nce(TransferabilityScore):
    """Negative conditional entropy (Tran et al. 2019, arXiv:1908.08142), in nats; at most 0.

    With z_i the class that the backbone's own classifier thinks most probable,

        NCE = -H(Y | Z) = Σ_{y, z} P(y, z) log( P(y, z) / P(z) ),

    P being shares of the examples.
    """

    reads = ("classes", "source")

    def score(self, seen: Seen) -> float:
        classes, source = np.asarray(given(seen.classes)), given(seen.source)
        joint = np.zeros((int(classes.max()) + 1, source.shape[1]))
        np.add.at(joint, (classes, source.argmax(axis=1)), 1 / len(classes))
        both = joint > 0
        marginal = np.broadcast_to(joint.sum(axis=0), joint.shape)
        return float((joint[both] * np.log(joint[both] / marginal[both])).sum())
