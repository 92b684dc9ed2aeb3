"""Deep alignment: the last stages learn the source's classes and, by an alignment, to make both domains alike."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from torch import Tensor

from headstart.adaptations._deep import (
    finished,
    lacking,
    looked,
    needed,
    on_last_features,
    thawed,
    trained,
    training_seconds,
)
from headstart.adaptations._normalisation import pass_seconds
from headstart.adaptations.base import Adaptation, Adapted, Domains
from headstart.alignments import ALIGNMENTS
from headstart.alignments.base import Alignment, DomainView
from headstart.backbones.base import Batch
from headstart.core.counts import first_few
from headstart.frozen.activations import Activations
from headstart.training.callback import Callback, Moment
from headstart.training.loop import Job, placed
from headstart.training.workbench import Course, TrainedPart


class DeepAlignment(Adaptation):
    """The task's loss on labelled source examples plus an alignment's on a batch of each domain (Long et al. 2015).

        L = E_s CE + weight · L_alignment(s, t)

    Both domains are read from the frontier: what stands still is run once for each example.

    Parameters
    ----------
    alignment : the plug-in's name in ``headstart.alignments``.
    """

    summary = "trains the last stages on labelled source examples, both domains made alike by an alignment"
    depth = 3
    settings = ("alignment=cdan", "alignment=mmd", "alignment=mcc")

    def __init__(self, alignment: str = "cdan") -> None:
        self.alignment = alignment

    @classmethod
    def every(cls) -> tuple[str, ...]:
        return tuple(f"alignment={name}" for name in ALIGNMENTS.names())

    def check(self) -> None:
        ALIGNMENTS.load(self.alignment)

    def missing(self, domains: Domains) -> str:
        if why := lacking(domains):
            return why
        deep = needed(domains)
        if deep.source is None or deep.encoded is None:
            return "it needs labelled source examples (--source DATA)"
        there, labels = set(deep.encoded.tolist()), domains.task.describe()["labels"]
        lost = [domains.task.say(labels[kind]) for kind in np.unique(domains.classes) if kind not in there]
        return f"the labelled source holds no {first_few(lost)}, which would be unlearnt" if lost else ""

    def predicted_seconds(self, domains: Domains) -> float:
        """Every step takes a batch of each domain; what stands still is run for the new inputs too, and in the end
        the whole network for both."""
        deep = needed(domains)
        if deep.source is None or deep.encoded is None:
            return 0.0
        training = 2 * training_seconds(domains, True, deep.source, deep.encoded)
        return training + sum(pass_seconds(domains.network, part) for part in (deep.source, deep.target, deep.target))

    def adapt(self, domains: Domains) -> Adapted:
        domains = on_last_features(domains)
        deep = needed(domains)
        if deep.source is None or deep.encoded is None:
            raise ValueError("a deep alignment was asked without source examples; ask missing(domains) first")
        torch.manual_seed(domains.seed)
        alignment: Alignment = ALIGNMENTS.load(self.alignment)()
        alignment.build(domains.source.shape[1], domains.task.outputs)
        plan, recipe = thawed(domains, head_too=True)
        aligned = Aligned(alignment, domains)
        course = Course(aligned.loss, list(alignment.parameters()), [aligned])
        network, note = trained(domains, plan, recipe, deep.source, deep.encoded, course)
        source = looked(deep, network, deep.source)
        return finished(domains, network, _as_stored(domains, source, deep.encoded.numpy()), note)


def _as_stored(domains: Domains, source: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """(n, D) features in the order of the classes of the stored examples, each taken in turn from the same class.

    Validators compare the stored examples' classes with features; by this network only those of the given source
    are known.
    """
    result = np.empty((len(domains.classes), source.shape[1]), dtype=source.dtype)
    for kind in np.unique(domains.classes):
        here, there = np.flatnonzero(domains.classes == kind), np.flatnonzero(classes == kind)
        result[here] = source[there[np.arange(len(here)) % len(there)]]
    return result


class Aligned(Callback):
    """Adds the alignment to the loss of every step, with a batch of new inputs beside that of the source."""

    def __init__(self, alignment: Alignment, domains: Domains) -> None:
        self.alignment, self.domains = alignment, domains
        self.target: Activations | None = None
        self.moment = Moment()

    def on_begin(self, job: Job, moment: Moment) -> None:
        self.moment = moment
        self.alignment.to(job.accelerator.device).train()
        self.target = job.train.part.over(needed(self.domains).target)
        self.random = np.random.default_rng(job.seed)

    def loss(self, job: Job, batch: Batch, targets: Tensor, weights: Tensor) -> Tensor:
        """The task's loss on the source batch, plus the alignment's on both."""
        if self.target is None:
            raise ValueError("the run has not begun")
        device = job.accelerator.device
        self.alignment.progress = self.moment.step / (job.recipe.epochs * self.moment.steps_per_epoch)
        source = view(job, batch, targets.to(device))
        own = job.task.loss(source.logits, targets.to(device), weights.to(device), job.recipe.smoothing)
        if len(source.features) < self.alignment.fewest:  # the rest of an epoch: others of the source stand in
            rows = self._rows(len(job.train), job)
            source = view(job, placed(job.train.batch(rows), job), job.targets[rows].to(device))
        target = view(job, placed(self.target.batch(self._rows(len(self.target), job)), job))
        aligned: Tensor = self.alignment(source, target)
        return own + self.alignment.weight * aligned

    def _rows(self, count: int, job: Job) -> list[int]:
        """Places of a batch at random."""
        return [int(row) for row in self.random.permutation(count)[: job.recipe.batch_size]]


def view(job: Job, batch: Batch, labels: Tensor | None = None) -> DomainView:
    """A batch of activations as the network in training sees it."""
    features = cast(TrainedPart, job.accelerator.unwrap_model(job.trained)).read(batch)
    return DomainView(features, job.plan.network.head(features), labels)
