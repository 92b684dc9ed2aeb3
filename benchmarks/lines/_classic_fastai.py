"""Process: the classic recipe by fastai: five one-cycle epochs of its usual head on a frozen body.

Where the budget is over, the rest of the cycle is left out; one epoch is run at least.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from baselines._backbones import load_image
from baselines._job import Clock, Job, run
from baselines.fastai import EPOCHS, learner_of


def frozen(job: Job, clock: Clock) -> tuple[Sequence[str], str]:
    """Labels of the test inputs after the frozen epochs."""
    learner = learner_of(job, load_image(job.backbone), _timed(clock))
    with learner.no_logging(), learner.no_bar():
        learner.freeze()
        learner.fit_one_cycle(EPOCHS)
        scores, _ = learner.get_preds(dl=learner.dls.test_dl(job.test_inputs))
    return [learner.dls.vocab[i] for i in scores.argmax(1).tolist()], f"{len(clock.epochs)} epochs"


def _timed(clock: Clock) -> Any:
    """A callback that times the epochs, and ends the fit where the budget is over."""
    from fastai.callback.core import Callback, CancelFitException

    class Timed(Callback):
        """The 32 pictures that fastai validates by, and predicting, are in no epoch."""

        def before_train(self) -> None:
            """The epoch begins."""
            self.timing = clock.epoch()
            self.timing.__enter__()

        def after_train(self) -> None:
            """It is over, and perhaps the budget too."""
            self.timing.__exit__(None, None, None)
            if clock.left() <= 0:
                raise CancelFitException

    return Timed()


if __name__ == "__main__":
    run(frozen)
