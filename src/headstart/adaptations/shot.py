"""SHOT: the head stands still, and the last stages learn to give the new inputs features that it is sure of."""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor
from torch.nn import functional

from headstart.adaptations._deep import finished, lacking, needed, on_last_features, thawed, trained, training_seconds
from headstart.adaptations._normalisation import pass_seconds
from headstart.adaptations.base import Adaptation, Adapted, Domains, uneven
from headstart.backbones.base import Batch
from headstart.training.callback import Callback, Moment
from headstart.training.loop import Job, placed
from headstart.training.workbench import Course, TrainedPart

PSEUDO = 0.3
"""β, the weight of the pseudo-labels, as in the paper."""

ROUNDS = 2

OF_A_STEP = 1 / 3
"""Of the time of a step, what its forward pass takes."""


class Shot(Adaptation):
    """Liang et al. 2020, "Do we really need to access the source data? Source hypothesis transfer", arXiv:2002.08546:

        L = mean H(p) - H(mean p) + β CE(p, ŷ),   ŷ the nearest of the centroids c_k = Σ δ_k(p) f / Σ δ_k(p)

    by cosine, found before every epoch, twice over. No source data is read. Only the last stages train here.
    """

    summary = "trains the last stages until the head, which stands still, is sure and gives all classes"
    depth = 3

    def missing(self, domains: Domains) -> str:
        return lacking(domains) or uneven(domains)

    def predicted_seconds(self, domains: Domains) -> float:
        """Pseudo-labels take another forward pass of what trains in every epoch."""
        target = needed(domains).target
        training = training_seconds(domains, False, target, domains.outputs.argmax(dim=1))
        return (1 + OF_A_STEP) * training + pass_seconds(domains.network, target)

    def adapt(self, domains: Domains) -> Adapted:
        domains = on_last_features(domains)
        plan, recipe = thawed(domains, head_too=False)
        target = needed(domains).target
        encoded = domains.outputs.argmax(dim=1)
        network, note = trained(domains, plan, recipe, target, encoded, Course(loss, callbacks=[PseudoLabels()]))
        return finished(domains, network, note=note)


def loss(job: Job, batch: Batch, targets: Tensor, weights: Tensor) -> Tensor:
    """Information maximisation and pseudo-labels."""
    logits = job.trained(placed(batch, job))
    log_share = logits.log_softmax(dim=1)  # of which the slope is finite however sure an answer is
    unsure = -(log_share.exp() * log_share).sum(dim=1).mean()
    log_mean = log_share.logsumexp(dim=0) - math.log(len(logits))
    diverse = -(log_mean.exp() * log_mean).sum()
    return unsure - diverse + PSEUDO * functional.cross_entropy(logits, targets.to(logits.device))


class PseudoLabels(Callback):
    """Gives each example the class of the nearest centroid before every epoch."""

    @torch.no_grad()
    def on_epoch_begin(self, job: Job, moment: Moment) -> None:
        job.plan.network.eval()
        parts = [range(i, min(i + 64, len(job.train))) for i in range(0, len(job.train), 64)]
        features = torch.cat([_read(job, job.train.batch(list(part))) for part in parts])
        share = job.plan.network.head(features).softmax(dim=1).cpu()
        job.targets.copy_(nearest_centroid(features.cpu(), share))
        job.plan.network.train()


def _read(job: Job, batch: Batch) -> Tensor:
    return cast(TrainedPart, job.accelerator.unwrap_model(job.trained)).read(placed(batch, job))


def nearest_centroid(features: Tensor, share: Tensor) -> Tensor:
    """(N,) the class of the nearest centroid by cosine of (N, D) features; `share` (N, C) says who belongs where.

    The second round takes the first one's answers for who belongs where, as in the paper. A class that nobody
    belongs to is given to nobody.
    """
    directions = functional.normalize(features, dim=1)
    for _ in range(ROUNDS):
        centroids = functional.normalize(share.T @ directions, dim=1)
        likeness = directions @ centroids.T
        likeness[:, share.sum(dim=0) < 1e-6] = -torch.inf
        found = likeness.argmax(dim=1)
        share = functional.one_hot(found, share.shape[1]).to(share)
    return found
