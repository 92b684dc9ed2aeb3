"""A job on the toy network, for the tests of training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from headstart.model.freezing import FreezePlan, Rates
from headstart.training.loop import Job
from headstart.training.recipe import Recipe
from headstart.training.workbench import Workbench
from toys import ToyBackbone, toy_backbone, toy_bench, toy_network, toy_pictures

RATES = Rates(1e-2, 3e-2)


class Toy:
    """A bench, a plan over a fresh network, and a job."""

    def __init__(self, folder: Path, depth: int, count: int, held_out: int, backbone: ToyBackbone, **recipe: Any):
        pictures, labels = toy_pictures(count)
        self.bench: Workbench = toy_bench(backbone, folder, pictures, labels, held_out)
        self.plan = FreezePlan(toy_network(backbone, self.bench.task), depth)
        self.plan.apply()
        self.recipe = Recipe(**{"epochs": 3, "batch_size": 8, "rates": RATES, **recipe})

    @property
    def network(self):
        return self.plan.network

    def train(self, name: str = "run"):
        return self.bench.train_network(self.plan, self.recipe, name)

    def job(self, name: str = "run") -> Job:
        part = self.bench.frozen_part(self.network)
        validation = None if self.bench.validation is None else part.over(self.bench.validation)
        views = sorted({self.recipe.view(epoch) for epoch in range(self.recipe.epochs)})
        train = part.over(self.bench.train, views)
        return self.bench._job(self.plan, self.recipe, name, part.frontier, train, validation)


@pytest.fixture
def toy(tmp_path: Path) -> Callable[..., Toy]:
    return maker(tmp_path)


@pytest.fixture(scope="module")
def lasting_toy(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Toy]:
    """As ``toy``, for what a whole module reads."""
    return maker(tmp_path_factory.mktemp("toys"))


def maker(parent: Path) -> Callable[..., Toy]:
    """Makes toys, each in a folder of its own within `parent`."""
    made: list[Toy] = []

    def make(
        depth: int = 2, count: int = 36, held_out: int = 12, views: int = 1, dropout: float = 0.2, **recipe: Any
    ):
        folder = parent / f"toy-{len(made)}"
        backbone = toy_backbone(views=views, dropout=dropout)
        made.append(Toy(folder, depth, count, held_out, backbone, **{"views": views if views > 1 else 0, **recipe}))
        return made[-1]

    return make
