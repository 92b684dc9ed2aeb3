"""Thaws one more stage every epoch, from the output down."""

from __future__ import annotations

from headstart.training.callback import Callback, Moment
from headstart.training.loop import Job


class GradualUnfreezing(Callback):
    """Holds the rates of lower stages at zero until their epoch comes (Howard & Ruder 2018, arXiv:1801.06146).

    The stages thaw evenly over the first half of the epochs.
    """

    def on_epoch_begin(self, job: Job, moment: Moment) -> None:
        """Set which optimizer groups move in this epoch."""
        deepest = max((group["steps_down"] for group in job.optimizer.param_groups), default=0)
        share = min(1.0, (moment.epoch + 1) / max(1, job.recipe.epochs / 2))
        for group in job.optimizer.param_groups:
            group["held"] = group["steps_down"] > share * deepest
