"""fastai's ``fine_tune(5)`` with the same weights: frozen body first, then all, one-cycle; where it is installed."""

from __future__ import annotations

import copy
import importlib.util
import time
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from ._backbones import ImageBackbone, load_image
from ._job import Clock, Job, Skip, run

EPOCHS = 5


def fastai(job: Job, clock: Clock) -> tuple[Sequence[str], str]:
    """Labels of the test inputs after one frozen epoch and as many of five thawed ones as the budget holds."""
    if job.modality != "image":
        raise Skip("fastai's text models have other weights: skipped")
    if importlib.util.find_spec("fastai") is None:
        raise Skip("fastai is not installed: skipped")
    learner = learner_of(job, load_image(job.backbone), time_limit(clock))
    with learner.no_logging(), learner.no_bar():
        planned = _affordable(learner, clock)
        learner.fine_tune(planned)
        scores, _ = learner.get_preds(dl=learner.dls.test_dl(job.test_inputs))
    vocabulary = learner.dls.vocab
    ran = len(clock.epochs) - 1
    note = f"1 + {ran} epochs" if ran == EPOCHS else f"1 + {ran} of {EPOCHS} epochs in the budget"
    if ran < planned:
        note += f" (cut short: {planned} planned)"
    return [vocabulary[i] for i in scores.argmax(1).tolist()], note


def learner_of(job: Job, backbone: ImageBackbone, callback: Any = None) -> Any:
    """fastai's learner over `job`: its augmentation, its head on the backbone's body, the body apart to be frozen."""
    # These two modules add fine_tune, fit_one_cycle and no_bar to Learner when they are imported.
    import fastai.callback.progress
    import fastai.callback.schedule  # noqa: F401
    from fastai.learner import Learner
    from fastai.losses import CrossEntropyLossFlat
    from fastai.metrics import accuracy
    from fastai.torch_core import params, set_seed

    warnings.filterwarnings("ignore")
    set_seed(job.seed, reproducible=True)
    return Learner(
        _batches(job, backbone),
        nn.Sequential(backbone.body, _head(backbone.width, len(job.classes))).to(job.device),
        splitter=lambda model: [params(model[0]), params(model[1])],
        loss_func=CrossEntropyLossFlat(),
        metrics=accuracy,
        cbs=callback,
    )


def _affordable(learner: Any, clock: Clock) -> int:
    """How many of the thawed epochs fit, at least one: a one-cycle schedule cut in its middle would be unfair.

    Two steps are timed on a copy of the model; a fifth is added for reading, half an epoch for the frozen one.
    """
    inputs, targets = (tensor.as_subclass(torch.Tensor) for tensor in learner.dls.train.one_batch())
    model = copy.deepcopy(learner.model).train()
    began = time.monotonic()
    for _ in range(2):
        nn.functional.cross_entropy(model(inputs), targets).backward()
    epoch = 1.2 * (time.monotonic() - began) / 2 * max(1, len(learner.dls.train))
    return max(1, min(EPOCHS, int(clock.left() / epoch - 0.5)))


def _head(width: int, classes: int) -> nn.Module:
    """fastai's own head for a vision learner, without the pooling that the body already did."""
    from fastai.layers import LinBnDrop

    hidden = 512
    return nn.Sequential(
        *LinBnDrop(width, hidden, p=0.25, act=nn.ReLU(inplace=True)), *LinBnDrop(hidden, classes, p=0.5)
    )


def _batches(job: Job, backbone: ImageBackbone) -> Any:
    """fastai's usual augmentation on all training pictures; the validation it insists on repeats the first 32."""
    from fastai.data.block import CategoryBlock, DataBlock
    from fastai.data.transforms import Normalize
    from fastai.vision.augment import Resize, aug_transforms
    from fastai.vision.data import ImageBlock

    labels = dict(zip(job.train_inputs, job.train_labels, strict=True))
    everything = range(len(job.train_inputs))
    block = DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        get_y=lambda path: labels[str(path)],
        splitter=lambda paths: (list(everything), list(everything)[:32]),
        item_tfms=Resize(backbone.resize),
        batch_tfms=[
            *aug_transforms(size=backbone.size),
            Normalize.from_stats(backbone.mean, backbone.std, cuda=job.device.startswith("cuda")),
        ],
    )
    device = torch.device(job.device)
    return block.dataloaders(job.train_inputs, bs=32, num_workers=2, device=device)


def time_limit(clock: Clock) -> Any:
    """A callback that times the epochs, and ends the fit after that in which the next one would overrun the budget.

    Neither the pictures that fastai validates by nor predicting are in an epoch.
    """
    from fastai.callback.core import Callback, CancelFitException

    class TimeLimit(Callback):
        """Times epochs and stops at the budget."""

        def before_train(self) -> None:
            """The epoch begins."""
            self.timing = clock.epoch()
            self.timing.__enter__()

        def after_train(self) -> None:
            """It is over; stop when another as long does not fit."""
            self.timing.__exit__(None, None, None)
            seconds, _ = clock.epochs[-1]
            if clock.left() < seconds:
                raise CancelFitException

    return TimeLimit()


if __name__ == "__main__":
    run(fastai)
