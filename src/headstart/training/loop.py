"""The one training loop: epochs, batches, step; everything else is a callback."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from headstart.backbones.base import Batch
from headstart.core.ahead import ahead
from headstart.core.files import digest
from headstart.frozen.activations import Activations
from headstart.model.freezing import FreezePlan
from headstart.tasks.base import Task
from headstart.training.balancing import Plain
from headstart.training.batches import shuffled_batches
from headstart.training.callback import Callback, Moment
from headstart.training.feature_augmentation import brightened, can_be_mixed, mixup
from headstart.training.recipe import Recipe, rate_factor

if TYPE_CHECKING:
    from accelerate import Accelerator


@dataclass
class Job:
    """What one run trains, on what, and how.

    Attributes
    ----------
    trained : frontier batch → outputs (N, C); shares its parameters with the plan's network.
    train, validation : activations; ``validation`` may be None.
    targets, validation_targets : encoded targets.
    weights : per-example weights (N,).
    name : tells runs apart; with ``seed`` it fixes all randomness.
    balancing : makes one step of the losses of several tasks.
    loss : of a step, where it is another than that of the task.
    """

    trained: nn.Module
    plan: FreezePlan
    task: Task
    recipe: Recipe
    optimizer: torch.optim.Optimizer
    accelerator: Accelerator
    train: Activations
    targets: Tensor
    weights: Tensor
    validation: Activations | None
    validation_targets: Tensor | None
    anchor: dict[str, Tensor]
    seed: int
    name: str
    balancing: Plain = field(default_factory=lambda: Plain(1))
    loss: StepLoss | None = None


JUDGED, JUDGED_BYTES = 64, 2**26
"""Examples that are judged at once, or bytes of what the trained part reads of them if that is less."""

StepLoss = Callable[[Job, Batch, Tensor, Tensor], Tensor]
"""(job, a batch of activations, its encoded targets, its weights) → the loss of a step, a scalar."""


def run(job: Job, callbacks: Sequence[Callback]) -> Moment:
    """Train `job`; frozen parameters and buffers are verified unchanged afterwards.

    Raises
    ------
    FrozenPartChanged : a frozen parameter or buffer differs, bit for bit.
    """
    before = job.plan.snapshot()
    moment = Moment(steps_per_epoch=-(-len(job.train) // job.recipe.batch_size))
    for callback in callbacks:
        callback.on_begin(job, moment)
    while moment.epoch < job.recipe.epochs and not moment.stop:
        for callback in callbacks:
            callback.on_epoch_begin(job, moment)
        loss = _epoch(job, moment, callbacks)
        moment.curve.append({"epoch": float(moment.epoch + 1), "train_loss": loss, **_validate(job)})
        for callback in callbacks:
            callback.on_epoch_end(job, moment)
        moment.epoch += 1
    for callback in callbacks:
        callback.on_end(job, moment)
    job.plan.network.eval()
    job.plan.verify(before)
    return moment


def make_optimizer(plan: FreezePlan, recipe: Recipe) -> torch.optim.Optimizer:
    """AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101) over the plan's groups."""
    groups = plan.optimizer_groups(recipe.rates)
    for group in groups:
        group["peak"], group["held"] = group["lr"], False
    return torch.optim.AdamW(groups)


def _epoch(job: Job, moment: Moment, callbacks: Sequence[Callback]) -> float:
    """One pass; all its randomness follows from seed, name and epoch, so a resumed run repeats it exactly."""
    seed = int(digest(str(job.seed), job.name, str(moment.epoch))[:8], 16)
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    parts = shuffled_batches(len(job.train), job.recipe.batch_size, random, job.train.lengths)
    view = job.recipe.view(moment.epoch)
    job.plan.network.train()
    losses = []
    for rows, batch in zip(parts, ahead(lambda rows: job.train.batch(rows.tolist(), view), parts), strict=True):
        losses.append(_step(job, moment, rows, batch) * len(rows))
        for callback in callbacks:
            callback.on_step_end(job, moment)
    return sum(losses) / sum(map(len, parts))


def _step(job: Job, moment: Moment, rows: np.ndarray, batch: Batch) -> float:
    factor = rate_factor(moment.step, job.recipe.epochs * moment.steps_per_epoch, job.recipe.warmup)
    for group in job.optimizer.param_groups:
        group["lr"] = 0.0 if group["held"] else group["peak"] * factor
    job.optimizer.zero_grad()
    given = placed(batch, job), _targets(job, rows, job.recipe.view(moment.epoch)), job.weights[rows]
    moving = [p for group in job.optimizer.param_groups for p in group["params"]]
    if job.loss is None:
        loss = job.balancing.backward(*step_losses(job, *given), moving, job.accelerator.backward)
    else:
        loss = job.loss(job, *given)
        job.accelerator.backward(loss)
    job.accelerator.clip_grad_norm_(moving, job.recipe.clip)
    job.optimizer.step()
    moment.step += 1
    return float(loss.detach())


def _targets(job: Job, rows: np.ndarray, view: int) -> Tensor:
    """The encoded targets of the examples at `rows`, as `view` shows them."""
    encoded, inputs = job.targets[rows], job.train.inputs
    if not view:
        return encoded
    return job.task.placed(encoded, [inputs.preprocess.placement(view, inputs.keys[row]) for row in rows])


def step_losses(job: Job, batch: Batch, targets: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """The task's losses (P,), with what the recipe augments in feature space, and the pull of L2-SP, a scalar."""
    targets, weights = targets.to(job.accelerator.device), weights.to(job.accelerator.device)
    recipe = job.recipe
    if recipe.brightness:
        batch = brightened(batch, recipe.brightness)
    if recipe.mixup and can_be_mixed(batch):
        batch, share, partner = mixup(batch, recipe.mixup)
        outputs = job.trained(batch)
        losses = share * job.task.losses(outputs, targets, weights, recipe.smoothing)
        losses = losses + (1 - share) * job.task.losses(outputs, targets[partner], weights[partner], recipe.smoothing)
    else:
        losses = job.task.losses(job.trained(batch), targets, weights, recipe.smoothing)
    return losses, recipe.l2_sp * _distance(job) if recipe.l2_sp and job.anchor else torch.zeros_like(losses[0])


def _distance(job: Job) -> Tensor:
    """Half the squared distance of the backbone's trained weights from where they started."""
    named = dict(job.plan.network.named_parameters())
    return 0.5 * torch.stack([(named[name] - start).square().sum() for name, start in job.anchor.items()]).sum()


def placed(batch: Batch, job: Job) -> Batch:
    """`batch` on the device of the run."""
    return {name: tensor.to(job.accelerator.device) for name, tensor in batch.items()}


Keep = Callable[[Tensor], Tensor]
"""Raw outputs of a batch → what is kept of each example."""


def outputs_of(
    trained: nn.Module,
    activations: Activations,
    device: torch.device,
    keep: Keep = lambda outputs: outputs,
    size: int = JUDGED,
) -> Tensor:
    """What `keep` leaves of the outputs (N, C) of every example, in order, on the CPU."""
    rows, found = [], []
    for part, outputs in by_batch(trained, activations, device, size):
        rows += part
        found.append(keep(outputs))
    return torch.cat(found)[np.argsort(rows)]


@torch.no_grad()
def by_batch(
    trained: nn.Module, activations: Activations, device: torch.device, size: int = JUDGED
) -> Iterator[tuple[list[int], Tensor]]:
    """Some examples and their raw outputs (n, C), on the CPU; inputs of similar length are computed together."""
    lengths = activations.lengths
    order = np.arange(len(activations)) if lengths is None else np.argsort(lengths, kind="stable")
    size = min(size, _at_once(activations))
    parts = [order[start : start + size].tolist() for start in range(0, len(order), size)]
    for part, batch in zip(parts, ahead(activations.batch, parts), strict=True):
        yield part, trained({name: tensor.to(device) for name, tensor in batch.items()}).float().cpu()


def _at_once(activations: Activations) -> int:
    """Examples of a batch that is only judged: fewer where an example is large, for two are read ahead."""
    first = sum(tensor.nbytes for tensor in activations.batch([0]).values()) if len(activations) else 1
    return max(1, JUDGED_BYTES // max(first, 1))


def _validate(job: Job) -> dict[str, float]:
    if job.validation is None or job.validation_targets is None:
        return {}
    job.plan.network.eval()
    rows, kept, losses = [], [], 0.0
    for part, raw in by_batch(job.trained, job.validation, job.accelerator.device):
        rows += part
        kept.append(job.task.kept(raw))
        losses += float(job.task.loss(raw, job.validation_targets[part])) * len(part)
    outputs, loss = torch.cat(kept)[np.argsort(rows)], losses / len(rows)
    watched = job.task.value(job.task.watched, outputs, job.validation_targets)
    return {"validation_loss": loss, job.task.watched: watched}
