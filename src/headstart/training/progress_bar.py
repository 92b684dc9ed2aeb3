"""Shows how far a training run is and how long it still takes."""

from __future__ import annotations

from headstart.core.progress import Progress
from headstart.training.callback import Callback, Moment
from headstart.training.loop import Job


class ProgressBar(Callback):
    """One bar over all steps of a run."""

    def __init__(self, progress: Progress, label: str) -> None:
        self.progress, self.label = progress, label

    def on_begin(self, job: Job, moment: Moment) -> None:
        """Start the bar at the steps still ahead."""
        ahead = (job.recipe.epochs - moment.epoch) * moment.steps_per_epoch
        self._counter = self.progress.counter(ahead, self.label, "steps")

    def on_step_end(self, job: Job, moment: Moment) -> None:
        """Move it."""
        self._counter.advance()

    def on_end(self, job: Job, moment: Moment) -> None:
        """Take it away, also when stopped early."""
        self._counter.close()
