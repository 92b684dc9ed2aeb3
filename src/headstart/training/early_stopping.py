"""Stops when validation no longer improves, and restores the best epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from headstart.training.callback import Callback, Moment
from headstart.training.loop import Job


class EarlyStopping(Callback):
    """Watches the task's figure; of two equal epochs the one with the lower loss is better.

    Parameters
    ----------
    watched, higher_is_better : the figure in ``moment.curve`` and its direction.
    patience : epochs without gain before stopping.
    """

    def __init__(self, watched: str, higher_is_better: bool, patience: int) -> None:
        self.watched, self.higher_is_better, self.patience = watched, higher_is_better, patience
        self.best_epoch = -1
        self.best: dict[str, Tensor] = {}

    def on_epoch_end(self, job: Job, moment: Moment) -> None:
        """Remember the epoch if it is the best so far."""
        if best_epoch(moment.curve, self.watched, self.higher_is_better) == moment.epoch:
            self.best_epoch = moment.epoch
            self.best = {name: value.detach().clone() for name, value in job.plan.moving_state().items()}
        moment.stop = moment.stop or moment.epoch - self.best_epoch >= self.patience

    def on_end(self, job: Job, moment: Moment) -> None:
        """Put the best epoch's weights back."""
        if self.best:
            job.plan.load_moving_state(self.best)


def best_epoch(curve: Sequence[Mapping[str, float]], watched: str, higher_is_better: bool) -> int | None:
    """The index of the best epoch of a learning curve, the first of equals; None without held-out figures."""
    sign = 1 if higher_is_better else -1
    merit = {i: (sign * f[watched], -f["validation_loss"]) for i, f in enumerate(curve) if watched in f}
    return max(merit, key=lambda i: merit[i]) if merit else None
