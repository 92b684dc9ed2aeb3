"""A trial: what one example costs here, measured on a first batch before anything is promised."""

from __future__ import annotations

import time
from dataclasses import dataclass

from headstart.backbones.base import Batch, collate
from headstart.model.freezing import FreezePlan
from headstart.training.recipe import Recipe
from headstart.training.workbench import TrainedPart, Workbench


@dataclass(frozen=True)
class Trial:
    """Seconds an example: to decode and run the frozen part, to train a step, to validate."""

    frozen: float
    trained: float
    validated: float

    def predict(self, missing: int, train: int, validation: int, recipe: Recipe, decoding: bool) -> float:
        """Seconds for a run that still has to compute `missing` activations.

        `decoding` says that nothing is stored, so that every epoch decodes its examples again.
        """
        again = self.frozen if decoding else 0.0
        epoch = train * (self.trained + again) + validation * (self.validated + again)
        return missing * self.frozen + recipe.epochs * epoch


def measure(plan: FreezePlan, recipe: Recipe, bench: Workbench) -> tuple[Trial, float]:
    """The trial's rates for `plan`, and the seconds it predicts for the whole run.

    Nothing moves: gradients are thrown away and normalisation statistics stand still.
    """
    part = bench.frozen_part(plan.network)
    count = min(len(bench.train), recipe.batch_size)
    frozen = part.seconds_per_example(bench.train)
    examples = [bench.train.tensors(i) for i in range(count)]
    if not part.frontier.is_input:
        examples = part.compute(examples)
    trained, validated = _step_seconds(plan, TrainedPart(plan.network, part.frontier), examples, bench)
    trial = Trial(frozen, trained, validated)
    views = sorted({recipe.view(epoch) for epoch in range(recipe.epochs)})
    missing = part.missing(bench.train, views)
    held_out = 0 if bench.validation is None else len(bench.validation)
    if bench.validation is not None:
        missing += part.missing(bench.validation)
    return trial, trial.predict(missing, len(bench.train), held_out, recipe, part.frontier.is_input)


def _step_seconds(
    plan: FreezePlan, trained: TrainedPart, examples: list[Batch], bench: Workbench
) -> tuple[float, float]:
    network = plan.network.to(bench.device).eval()
    batch = {name: tensor.to(bench.device) for name, tensor in collate(examples).items()}
    targets = bench.targets[: len(examples)].to(bench.device)
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        loss = bench.task.loss(trained(batch), targets)
        forward = time.perf_counter() - start
        loss.backward()
        seconds.append((time.perf_counter() - start, forward))
        network.zero_grad(set_to_none=True)
    whole, forward = min(seconds)
    return whole / len(examples), forward / len(examples)
