"""A recipe: the numbers of one training run."""

from __future__ import annotations

import math
from dataclasses import dataclass

from headstart.backbones.base import Preprocess
from headstart.core.errors import UsageError
from headstart.model.freezing import Rates

FEW_VIEWS = 4
"""Augmented views of an example, where nobody says how many: each is computed and stored once."""


@dataclass(frozen=True)
class Recipe:
    """How long, how fast, and with what regularisation to train.

    Attributes
    ----------
    epochs, batch_size : passes over the examples, and examples a step.
    rates : peak learning rates.
    warmup : share of the steps with a rising rate.
    smoothing : label smoothing in [0, 1) (Szegedy et al. 2016, arXiv:1512.00567).
    mixup : parameter α of mixup's Beta(α, α) on frontier activations (Verma et al. 2019, arXiv:1806.05236);
        0 for none; left out where activations differ in length.
    brightness : largest shift of FroFA's brightness on frontier activations (Bär et al. 2024, arXiv:2403.10519);
        0 for none.
    l2_sp : strength of the pull towards the starting weights (Li et al. 2018, arXiv:1802.01483).
    views : augmented views of each example; epoch e reads view 1 + e mod views; 0 for the plain view only.
    patience : epochs without gain before stopping; the best epoch is restored in any case.
    gradual : thaw one more stage every epoch, from the output down (Howard & Ruder 2018, arXiv:1801.06146).
    clip : largest norm of the gradient.
    averaging : share that a running average of the weights keeps at each step, which is judged and kept instead of
        the weights; 0 for none.
    balancing : what makes one step of the losses of several tasks, by a name of :mod:`headstart.training.balancing`.

    Raises
    ------
    UsageError : there is no epoch to train, or no example a step.
    """

    epochs: int
    batch_size: int
    rates: Rates
    warmup: float = 0.1
    smoothing: float = 0.0
    mixup: float = 0.0
    brightness: float = 0.0
    l2_sp: float = 0.0
    views: int = 0
    patience: int = 3
    gradual: bool = False
    clip: float = 1.0
    averaging: float = 0.0
    balancing: str = "plain"

    def __post_init__(self) -> None:
        for name, number in (("epochs", self.epochs), ("batch_size", self.batch_size)):
            if number < 1:
                raise UsageError(f"{name}={number}: it must be at least 1.")

    def view(self, epoch: int) -> int:
        """The view that `epoch` reads."""
        return 1 + epoch % self.views if self.views else 0


def views_of(preprocess: Preprocess, wanted: int | None = None) -> int:
    """How many augmented views a recipe reads, of those there are beside the plain one: `wanted`, or else a few."""
    return min(preprocess.views - 1, FEW_VIEWS if wanted is None else wanted)


def rate_factor(step: int, total: int, warmup: float) -> float:
    """Linear warm-up, then a cosine to zero (Loshchilov & Hutter 2017, arXiv:1608.03983); in (0, 1]."""
    rising = max(1, round(total * warmup))
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(total - rising, 1)))
