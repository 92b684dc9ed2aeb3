"""Process: the classic recipe by fastai: five one-cycle epochs of its usual head on a frozen body."""

from __future__ import annotations

from collections.abc import Sequence

from baselines._backbones import load_image
from baselines._job import Clock, Job, run
from baselines.fastai import EPOCHS, _batches, _head
from torch import nn


def frozen(job: Job, clock: Clock) -> tuple[Sequence[str], str]:
    """Labels of the test inputs after the frozen epochs."""
    # These two modules add fit_one_cycle and no_bar to Learner when they are imported.
    import fastai.callback.progress
    import fastai.callback.schedule  # noqa: F401
    from fastai.learner import Learner
    from fastai.losses import CrossEntropyLossFlat
    from fastai.torch_core import params, set_seed

    set_seed(job.seed, reproducible=True)
    backbone = load_image(job.backbone)
    model = nn.Sequential(backbone.body, _head(backbone.width, len(job.classes))).to(job.device)
    learner = Learner(
        _batches(job, backbone),
        model,
        splitter=lambda m: [params(m[0]), params(m[1])],
        loss_func=CrossEntropyLossFlat(),
    )
    with learner.no_logging(), learner.no_bar():
        learner.freeze()
        learner.fit_one_cycle(EPOCHS)
        scores, _ = learner.get_preds(dl=learner.dls.test_dl(job.test_inputs))
    return [learner.dls.vocab[i] for i in scores.argmax(1).tolist()], f"{EPOCHS} epochs"


if __name__ == "__main__":
    run(frozen)
