"""Stops a run whose next epoch would overrun the time it has."""

from __future__ import annotations

from headstart.core.timing import Stopwatch
from headstart.training.callback import Callback, Moment
from headstart.training.loop import Job


class TimeLimit(Callback):
    """Ends a run early when a trial promised too much, on a machine that became busy, say.

    Parameters
    ----------
    stopwatch : counts the seconds of the whole fit.
    deadline : seconds by that stopwatch after which no epoch may end.
    """

    def __init__(self, stopwatch: Stopwatch, deadline: float) -> None:
        self.stopwatch, self.deadline = stopwatch, deadline

    def on_epoch_begin(self, job: Job, moment: Moment) -> None:
        """Note when the epoch began."""
        self._began = self.stopwatch.total

    def on_epoch_end(self, job: Job, moment: Moment) -> None:
        """Stop if another epoch as long as this one would end too late."""
        now = self.stopwatch.total
        moment.stop = moment.stop or now + (now - self._began) > self.deadline
