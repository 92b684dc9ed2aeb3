"""The guard of a model that learnt from no example: what the unlabelled inputs at hand look like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from headstart.delivery.guard import MOST_HELD_OUT, NONE, Guard, half, most_familiar
from headstart.model import novelty

FEWEST_UNLABELLED = 20
"""Unlabelled inputs from which it can be told what is usual."""


def guard_without_targets(features: Mapping[str, Tensor], ids: Sequence[str], outputs: Tensor) -> Guard | None:
    """The guard of a network that learnt from no example: what the inputs at hand look like; None with too few.

    Four in five are what is familiar, the others tell how strange an input may be. There are no targets, so there
    are no sets of labels either, and nothing is known of how often the network is right.

    Parameters
    ----------
    features : (N, D) by depth, the depths from :func:`chosen_depths`. outputs : (N, C).
    """
    if len(ids) < FEWEST_UNLABELLED:
        return None
    order = np.random.default_rng(0).permutation(len(ids))
    most = most_familiar([each.shape[1] for each in features.values()])
    kept, others = np.sort(order[len(ids) // 5 :][:most]), np.sort(order[: len(ids) // 5])
    halves = [half(each[torch.from_numpy(kept)]) for each in features.values()]
    known = [novelty.familiar(each) for each in halves]
    reference = [half(each[torch.from_numpy(others)]) for each in features.values()]
    strange, _ = novelty.strangeness(known, [each.astype(np.float32) for each in reference])
    none = np.zeros(0)
    return Guard(
        depths=list(features),
        familiar=halves,
        ids=[ids[place] for place in kept],
        targets=[""] * len(kept),
        threshold=novelty.threshold(strange),
        held_out=reference[-1][:MOST_HELD_OUT],
        held_out_places=outputs[torch.from_numpy(others)].argmax(dim=1).numpy()[:MOST_HELD_OUT],
        scores=none,
        confidence=none,
        right=none,
        classes=NONE,
        shares=none,
        _known=known,
    )
