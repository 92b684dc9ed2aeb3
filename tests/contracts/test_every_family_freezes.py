"""In every family of every source: frozen means frozen, and the two parts of the cut are the whole again."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from headstart.backbones import SOURCES
from headstart.backbones.base import Backbone, Batch, collate
from headstart.frozen.frontier import Frontier, find_frontier
from headstart.model.freezing import FreezePlan, Rates
from headstart.model.network import Network
from headstart.training.loop import make_optimizer
from headstart.training.recipe import Recipe
from toys import raw_inputs

FAMILIES = [f"{source}:{family}" for source in SOURCES.names() for family in SOURCES.load(source)().families()]


class Subject:
    """One miniature, with some dropout in it, a batch of three, and the answer of the plain network."""

    def __init__(self, name: str) -> None:
        source, _, family = name.partition(":")
        torch.manual_seed(0)
        self.backbone: Backbone = SOURCES.load(source)().tiny(family)
        for module in self.backbone.modules():
            if isinstance(module, nn.Dropout):
                module.p = max(module.p, 0.1)
        raw = raw_inputs(self.backbone.card.modality)
        self.batch: Batch = collate([self.backbone.preprocess(each) for each in raw])
        self.network = Network(self.backbone, nn.Linear(self.backbone.feature_size, 2)).eval()
        self.stages = self.backbone.stages()
        self.direction = torch.randn(3, self.backbone.feature_size)
        self.features, self.gradients = self._plain()
        self.frontiers: dict[int, Frontier] = {}

    def _plain(self) -> tuple[Tensor, dict[str, Tensor]]:
        """Features, and the gradient of their product with a fixed direction in every parameter."""
        features = self.backbone.features(self.batch)
        (features * self.direction).sum().backward()
        found = {n: p.grad.clone() for n, p in self.backbone.named_parameters() if p.grad is not None}
        self.backbone.zero_grad()
        return features.detach(), found

    def cut(self, depth: int) -> tuple[FreezePlan, Frontier]:
        self.network.held_still = []
        self.network.eval()
        plan = FreezePlan(self.network, depth)
        plan.apply()
        if depth not in self.frontiers:
            self.frontiers[depth] = find_frontier(self.backbone, self.batch)
        return plan, self.frontiers[depth]


@pytest.fixture(scope="module", params=FAMILIES)
def subject(request: pytest.FixtureRequest) -> Subject:
    return Subject(request.param)


def close(given: Tensor, wanted: Tensor) -> bool:
    return float((given - wanted).abs().max()) <= 1e-5 * float(wanted.abs().max().clamp_min(1e-30))


def test_the_two_parts_are_the_whole_at_every_depth(subject: Subject) -> None:
    count = len(subject.stages)
    if subject.backbone.layer_run() is None and subject.backbone.traced() is None:
        assert subject.cut(1)[1].is_input  # nowhere to be cut: what trains reads the input itself
        assert subject.cut(count)[1].cut == "features"
        return
    for depth in sorted({1, count // 2, count - 1, count}):
        _, frontier = subject.cut(depth)
        with torch.no_grad():
            assert close(frontier.trained(frontier.frozen(subject.batch)), subject.features), f"depth {depth}"
        assert not frontier.is_input
        assert (frontier.cut == "features") == (depth == count)
    assert subject.cut(0)[1].is_input


def test_gradients_reach_the_thawed_parameters_alone_and_are_those_of_the_plain_network(subject: Subject) -> None:
    count = len(subject.stages)
    for depth in sorted({count // 2, count - 1}):
        _, frontier = subject.cut(depth)
        with torch.no_grad():
            stored = frontier.frozen(subject.batch)
        (frontier.trained(stored) * subject.direction).sum().backward()
        reached = {n: p.grad for n, p in subject.backbone.named_parameters() if p.grad is not None}
        subject.backbone.zero_grad()
        thawed = {name for stage in subject.stages[depth:] for name in stage.parameters}
        assert reached.keys() == thawed & subject.gradients.keys()
        largest = max(float(subject.gradients[name].abs().max()) for name in reached)
        assert largest > 0
        for name, gradient in reached.items():
            difference = float((gradient - subject.gradients[name]).abs().max())
            assert difference <= 1e-5 * largest, f"depth {depth}: {name}"


def test_training_mode_is_that_of_the_plain_network(subject: Subject) -> None:
    """Same seed, same dropout, same batch statistics: cutting must take nothing away from the thawed stages."""
    _, frontier = subject.cut(len(subject.stages) // 2)
    with torch.no_grad():  # as engines do: on some processors an LSTM has another kernel where gradients are wanted
        stored = frontier.frozen(subject.batch)
    subject.network.train()
    before = {name: value.clone() for name, value in subject.network.state_dict().items()}
    with torch.no_grad():
        torch.manual_seed(1)
        wanted = subject.backbone.features(subject.batch)
        moved = {name: value.clone() for name, value in subject.network.state_dict().items()}
        subject.network.load_state_dict(before)
        again = frontier.frozen(subject.batch)
        torch.manual_seed(1)
        given = frontier.trained(stored)
    after = subject.network.state_dict()
    assert all(torch.equal(stored[name], again[name]) for name in stored), "the frozen part follows train()"
    assert close(given, wanted)
    assert all(torch.equal(moved[name], after[name]) for name in moved), "statistics moved differently"
    subject.network.load_state_dict(before)
    subject.network.eval()


def test_statistics_stand_still_in_training_mode_where_the_plan_says_so(subject: Subject) -> None:
    """timm's normalisation layers hold their activation, so they are no leaves; others may be built likewise."""
    subject.network.held_still = []
    plan = FreezePlan(subject.network, len(subject.stages) // 2, statistics=False)
    plan.apply()
    before = plan.snapshot()
    subject.network.train()
    subject.network(subject.batch)
    plan.verify(before)
    subject.network.eval()


def test_training_moves_what_is_thawed_and_nothing_else(subject: Subject) -> None:
    """Last of this module: it changes the network."""
    plan, frontier = subject.cut(len(subject.stages) // 2)
    state = subject.backbone.state_dict()
    frozen = {
        name
        for stage in subject.stages[: plan.freeze_depth]
        for name in (*stage.parameters, *stage.buffers)
        if name in state
    }
    before = {name: value.clone() for name, value in state.items()}
    proof = plan.snapshot()
    optimizer = make_optimizer(plan, Recipe(epochs=1, batch_size=3, rates=Rates(1e-2, 1e-2)))
    subject.network.train()
    for _ in range(2):
        optimizer.zero_grad()
        outputs = subject.network.head(frontier.trained(frontier.frozen(subject.batch)))
        nn.functional.cross_entropy(outputs, torch.tensor([0, 1, 0])).backward()
        optimizer.step()
    after = subject.backbone.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert not changed & frozen
    thawed = {name for stage in subject.stages[plan.freeze_depth :] for name in stage.parameters}
    assert changed & thawed
    plan.verify(proof)
    layers = {subject.backbone.get_submodule(name.rpartition(".")[0]) for name in frozen}
    moving = [layer for layer in layers if layer.training and not any(layer.children())]
    assert not moving, "a frozen layer is in training mode"
