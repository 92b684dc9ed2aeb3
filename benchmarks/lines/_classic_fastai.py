"""Process: the classic recipe by fastai: five one-cycle epochs of its usual head on a frozen body.

Where the budget is over, the rest of the cycle is left out; one epoch is run at least.
"""

from __future__ import annotations

from collections.abc import Sequence

from baselines._backbones import load_image
from baselines._job import Clock, Job, run
from baselines.fastai import EPOCHS, learner_of, time_limit


def frozen(job: Job, clock: Clock) -> tuple[Sequence[str], str]:
    """Labels of the test inputs after the frozen epochs."""
    learner = learner_of(job, load_image(job.backbone), time_limit(clock))
    with learner.no_logging(), learner.no_bar():
        learner.freeze()
        learner.fit_one_cycle(EPOCHS)
        scores, _ = learner.get_preds(dl=learner.dls.test_dl(job.test_inputs))
    return [learner.dls.vocab[i] for i in scores.argmax(1).tolist()], f"{len(clock.epochs)} epochs"


if __name__ == "__main__":
    run(frozen)
