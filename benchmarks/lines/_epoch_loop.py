"""Process: epochs of fine-tuning the last stage, from the stored frontier and through the whole network, in turn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from headstart.backbones import load
from headstart.backbones.base import collate
from headstart.core.progress import Progress
from headstart.core.timing import Stopwatch
from headstart.data.examples import Examples
from headstart.data.modalities import MODALITIES
from headstart.frozen.inputs import Inputs
from headstart.frozen.store import FrontierStore
from headstart.model.freezing import FreezePlan, Rates
from headstart.model.network import Network
from headstart.tasks import TASKS
from headstart.training.recipe import Recipe
from headstart.training.workbench import Workbench
from lines._child import Clocks, serve

EPOCHS = 3
"""Epochs from the frontier over which one is averaged: without the cost of setting a run up."""

BATCH = 32


def loop(job: dict[str, Any]) -> dict[str, list[dict[str, float]]]:
    """Wall and CPU seconds of one epoch on each side, `repeats` times."""
    bench, network = _bench(job)
    plan = FreezePlan(network, len(network.backbone.stages()) - 1, statistics=False)
    plan.apply()
    rate = network.backbone.learning_rate
    recipe = Recipe(epochs=1, batch_size=BATCH, rates=Rates(rate, rate))
    bench.train_network(plan, recipe, "first")  # computes and stores the frontier, and warms up
    sides: dict[str, list[dict[str, float]]] = {"frontier": [], "whole": []}
    for turn in range(job["repeats"]):
        sides["frontier"].append(_from_frontier(bench, plan, recipe, str(turn)))
        sides["whole"].append(_through_everything(bench, plan, recipe))
    return sides


def _bench(job: dict[str, Any]) -> tuple[Workbench, Network]:
    backbone, image, stopwatch = load(job["backbone"]), MODALITIES.load("image")(), Stopwatch()
    task = TASKS.load("classification").from_targets(job["labels"])
    references = [Path(path) for path in job["pictures"]]
    keys = [image.fingerprint(path) for path in references]
    examples = Examples("image", references, job["pictures"], job["labels"])
    folder = Path(job["folder"])
    bench = Workbench(
        task=task,
        train=Inputs(examples, image, backbone.preprocess, keys, stopwatch),
        targets=task.encode(job["labels"]),
        validation=None,
        validation_targets=None,
        store=FrontierStore(folder / "store"),
        chosen_device=torch.device(job["device"]),
        stopwatch=stopwatch,
        progress=Progress(quiet=True),
        seed=0,
        folder=folder,
    )
    return bench, Network(backbone, task.head(backbone.feature_size)).to(bench.device)


def _from_frontier(bench: Workbench, plan: FreezePlan, recipe: Recipe, name: str) -> dict[str, float]:
    """An epoch of the real training loop: a run of some epochs more, less a run of one."""
    runs = {}
    for epochs in (1, 1 + EPOCHS):
        with Clocks() as clocks:
            bench.train_network(plan, replace(recipe, epochs=epochs), f"{name}-{epochs}")
        runs[epochs] = clocks
    short, long = runs[1], runs[1 + EPOCHS]
    return {"wall": (long.wall - short.wall) / EPOCHS, "cpu": (long.cpu - short.cpu) / EPOCHS}


def _through_everything(bench: Workbench, plan: FreezePlan, recipe: Recipe) -> dict[str, float]:
    """A plain epoch: every picture decoded and run through the frozen layers too, which keep no gradients."""
    network, decoded = plan.network.train(), bench.stopwatch.laps["decode"]
    optimizer = torch.optim.AdamW(plan.optimizer_groups(recipe.rates))
    order = torch.randperm(len(bench.train)).tolist()
    with Clocks() as clocks:
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            batch = {k: t.to(bench.device) for k, t in collate([bench.train.tensors(i) for i in rows]).items()}
            loss = bench.task.loss(network(batch), bench.targets[rows].to(bench.device))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
    return {"wall": clocks.wall, "cpu": clocks.cpu, "decode": bench.stopwatch.laps["decode"] - decoded}


if __name__ == "__main__":
    serve(loop)
