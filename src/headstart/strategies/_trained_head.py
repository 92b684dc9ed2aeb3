"""Heads that no equation solves: made anew, and trained on what a frozen backbone gives."""

from __future__ import annotations

import torch

from headstart.backbones.base import Backbone
from headstart.core.files import digest
from headstart.model.freezing import FreezePlan, Rates
from headstart.model.network import Network, new_network
from headstart.training.recipe import Recipe, views_of
from headstart.training.workbench import Workbench

RATE = 3e-3
STEPS, FEWEST_EPOCHS, MOST_EPOCHS = 400, 6, 40
BATCH = 8


def with_new_head(backbone: Backbone, bench: Workbench) -> Network:
    """`backbone` under a new head of the bench's task, whose random weights follow from the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(digest("new head", str(bench.seed))[:8], 16))
        return new_network(backbone, bench.task)


def head_recipe(backbone: Backbone, examples: int, epochs: int | None = None, views: int | None = None) -> Recipe:
    """How a head is trained under a frozen backbone; `epochs` and `views` where they are given."""
    passes = round(STEPS * BATCH / max(examples, 1))
    return Recipe(
        epochs=epochs or max(FEWEST_EPOCHS, min(MOST_EPOCHS, passes)),
        batch_size=BATCH,
        rates=Rates(0.0, RATE),
        views=views_of(backbone.preprocess, views),
        patience=8,
    )


def train_head(network: Network, bench: Workbench) -> None:
    """Train the head of `network`, whose backbone is frozen, where it has learnt nothing yet."""
    plan = FreezePlan(network, len(network.backbone.stages()))
    plan.apply()
    bench.train_network(plan, head_recipe(network.backbone, len(bench.train)), "head")
    network.head_is_new = False
