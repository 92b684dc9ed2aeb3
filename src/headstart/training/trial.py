"""A trial: what one example costs here, measured on a first batch before anything is promised."""

from __future__ import annotations

import time

import torch

from headstart.backbones.base import Batch, collate
from headstart.frozen.inputs import Inputs
from headstart.model.freezing import FreezePlan
from headstart.training.cost import Cost
from headstart.training.recipe import Recipe
from headstart.training.workbench import TrainedPart, Workbench

SAMPLED = 4
"""Batches of inputs that are looked at to find one of average length."""


def tried_cost(plan: FreezePlan, recipe: Recipe, bench: Workbench, judged: float = 0.0) -> Cost:
    """What training `plan` by `recipe` will take here, from what a first batch took.

    The held-out examples are run through the trained part `judged` times more than once an epoch.

    Nothing moves: gradients are thrown away and normalisation statistics stand still.
    """
    part = bench.frozen_part(plan.network)
    views = sorted({recipe.view(epoch) for epoch in range(recipe.epochs)})
    missing = part.missing(bench.train, views)
    held_out = 0 if bench.validation is None else len(bench.validation)
    before = 0 if bench.validation is None else part.missing(bench.validation)
    frozen = part.seconds_per_example(bench.train, missing + before)
    examples = _typical_batch(bench.train, recipe.batch_size)
    if not part.frontier.is_input:
        examples = part.compute(examples)
    network = TrainedPart(plan.network, part.frontier)
    trained, validated = _step_seconds(plan, network, examples, bench)
    bench.ending.answers_take(frozen + validated)
    if bench.ending.score is None:
        bench.ending.figures_take(_scoring_seconds(network, examples, bench))
    # Where nothing is stored, or not all has room, every epoch decodes and computes its examples again.
    again = 0.0 if not part.frontier.is_input and part.has_room(missing + before, bench.train) else frozen
    epoch = len(bench.train) * (trained + again) + held_out * (validated + again)
    return Cost(
        epoch,
        before * frozen + judged * held_out * (validated + again),
        missing * frozen / len(views),
        len(views),
    )


def _typical_batch(inputs: Inputs, size: int) -> list[Batch]:
    """The tensors of `size` inputs that cost what an average batch of an epoch costs.

    Where lengths differ, an epoch's batches hold examples of similar length: of a sample in order of length, those
    side by side whose longest comes nearest to the mean.
    """
    if not inputs.preprocess.lengths_differ:
        return inputs.many(range(min(len(inputs), size)))
    sample = sorted(inputs.many(range(min(len(inputs), SAMPLED * size))), key=_length)
    mean = sum(map(_length, sample)) / len(sample)
    starts = range(max(1, len(sample) - size + 1))
    start = min(starts, key=lambda i: abs(_length(sample[min(i + size, len(sample)) - 1]) - mean))
    return sample[start : start + size]


def _length(example: Batch) -> int:
    return max(len(tensor) for tensor in example.values())


def _step_seconds(
    plan: FreezePlan, trained: TrainedPart, examples: list[Batch], bench: Workbench
) -> tuple[float, float]:
    """Seconds an example of a training step, and of its forward alone."""
    network = plan.network.eval()
    batch = {name: tensor.to(bench.device) for name, tensor in collate(examples).items()}
    targets = bench.targets[: len(examples)].to(bench.device)
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        loss = bench.task.loss(trained(batch), targets)
        loss.item()  # waits for a GPU, which has only been told what to do
        forward = time.perf_counter() - start
        loss.backward()
        loss.item()
        seconds.append((time.perf_counter() - start, forward))
        network.zero_grad(set_to_none=True)
    whole, forward = min(seconds)
    return whole / len(examples), forward / len(examples)


@torch.no_grad()
def _scoring_seconds(trained: TrainedPart, examples: list[Batch], bench: Workbench) -> float:
    """Seconds an example that the figures of the task take, with their intervals."""
    batch = {name: tensor.to(bench.device) for name, tensor in collate(examples).items()}
    kept = bench.task.kept(trained(batch).float().cpu())
    start = time.perf_counter()
    bench.task.metrics(kept, bench.targets[: len(examples)])
    return (time.perf_counter() - start) / len(examples)
