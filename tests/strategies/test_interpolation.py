"""WiSE-FT: weights on the way between two networks, and which share of the way is taken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from headstart.backbones.base import Backbone
from headstart.core.results import Figure
from headstart.model.freezing import FreezePlan
from headstart.model.network import Network
from headstart.strategies import _interpolation
from headstart.strategies._interpolation import Judged, Way, choose, pretrained_state, within_the_bound
from headstart.strategies._solved_head import start_from_solved_head
from headstart.strategies.fine_tuning import FineTuning
from headstart.training.old_task import OldTask
from headstart.training.workbench import Workbench
from toys import Said, same_state, toy_backbone, toy_bench, toy_network, toy_pictures

MOVED = ("head.weight", "backbone.network.12.weight", "backbone.network.13.num_batches_tracked")


def laid_out(folder: Path, held_out: int = 40) -> tuple[Way, Workbench]:
    """A network of which a few weights, and a counter, went from 0 to 4."""
    pictures, labels = toy_pictures(10 + held_out)
    backbone = toy_backbone(dropout=0.0)
    bench = toy_bench(backbone, folder, pictures, labels, held_out=held_out)
    network = toy_network(backbone, bench.task)
    pretrained = {name: value.clone() for name, value in network.state_dict().items()}
    for name in MOVED:
        pretrained[name].zero_()
        network.state_dict()[name].fill_(4)
    return Way.of(network, pretrained), bench


def test_weights_lie_on_the_line_and_counters_do_not(tmp_path: Path) -> None:
    way, _ = laid_out(tmp_path)
    before = {name: value.clone() for name, value in way.network.state_dict().items()}
    way.go(0.25)
    for name, value in way.network.state_dict().items():
        if name in MOVED:
            assert torch.all(value == (1.0 if value.is_floating_point() else 4))
        else:
            assert torch.equal(value, before[name])


def test_what_did_not_move_is_frozen(tmp_path: Path) -> None:
    way, bench = laid_out(tmp_path)
    thawed = {name for name, parameter in way.network.named_parameters() if parameter.requires_grad}
    assert thawed == {"head.weight", "backbone.network.12.weight"}
    assert not bench.frozen_part(way.network).frontier.is_input


@pytest.mark.parametrize(("judged", "taken"), [
    ({1.0: (0.75, 0.6), 0.75: (0.75, 0.6), 0.5: (0.75, 0.6), 0.25: (0.75, 0.6)}, 1.0),  # ties stay
    ({1.0: (0.75, 0.6), 0.75: (0.75, 0.5), 0.5: (0.75, 0.4), 0.25: (0.75, 0.7)}, 0.5),  # the least loss
    ({1.0: (0.75, 0.6), 0.75: (0.75, 0.5), 0.5: (0.70, 0.4), 0.25: (0.70, 0.3)}, 0.75),  # but no worse figure
    ({1.0: (0.75, 0.6), 0.75: (0.80, 0.7), 0.5: (0.80, 0.7), 0.25: (0.80, 0.7)}, 1.0),  # nor a greater loss
])  # fmt: skip
def test_the_share_of_least_loss_that_is_no_worse(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    judged: dict[float, tuple[float, float]],
    taken: float,
) -> None:
    way, bench = laid_out(tmp_path)

    def looked_up(network: Network, bench: Workbench) -> Judged:
        return Judged(*judged[share_of(network)])

    monkeypatch.setattr(_interpolation, "_judged", looked_up)
    assert choose(way, bench) == taken


def share_of(network: Network) -> float:
    """Where the network stands on the way from weights that are 0 to weights that are 4."""
    return round(network.head.weight[0, 0].item() / 4, 2)


def test_held_out_examples_are_judged_calibrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outputs ten times too sure lose nothing once they are calibrated: 30 of 40 right is a loss of ln 4 − ¾ ln 3."""
    way, bench = laid_out(tmp_path)
    truth = bench.validation_targets
    assert truth is not None
    said = torch.where(torch.arange(40) < 30, truth, 1 - truth)
    monkeypatch.setattr(_interpolation, "_outputs", lambda *given: 30 * torch.nn.functional.one_hot(said, 2).float())
    figure, loss = _interpolation._judged(way.network, bench)
    assert figure == pytest.approx(0.75)
    assert loss == pytest.approx(np.log(4) - 0.75 * np.log(3), rel=0.05)  # 7.5 uncalibrated


def test_the_outputs_are_those_of_the_network_as_it_stands(tmp_path: Path) -> None:
    way, bench = laid_out(tmp_path)
    assert bench.validation is not None
    given = _interpolation._outputs(way.network, bench, bench.validation)
    network = way.network.eval()
    expected = [network({n: t[None] for n, t in bench.validation.tensors(i).items()})[0] for i in range(40)]
    torch.testing.assert_close(given, torch.stack(expected).detach(), rtol=1e-3, atol=1e-3)


def test_nothing_is_tried_that_the_time_does_not_allow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With time half of the way has the least loss; without, nothing but the tuned network is judged."""
    judged: list[float] = []

    def looked_up(network: Network, bench: Workbench) -> Judged:
        judged.append(share_of(network))
        return Judged(0.75, abs(share_of(network) - 0.5))

    monkeypatch.setattr(_interpolation, "_judged", looked_up)
    way, bench = laid_out(tmp_path)
    assert choose(way, bench) == 0.5
    way.go(1.0)
    judged.clear()
    said = Said()
    assert choose(way, replace(bench, deadline=1e-9, progress=said)) == 1.0
    assert judged == [1.0]
    assert said.lines == ["  the time is up before all weights part of the way back were tried"]


def test_where_nothing_is_held_out_to_choose_by_that_is_said_once(tmp_path: Path) -> None:
    pictures, labels = toy_pictures(20)
    said = Said()
    bench = replace(toy_bench(toy_backbone(), tmp_path, pictures, labels, held_out=8), progress=said)
    strategy = FineTuning(epochs=1, interpolate=True)
    rung = strategy.rungs(toy_backbone(), bench.task, 20)[0]
    for given in (bench.learning(), bench.learning(), bench.whole()):
        start = toy_network(toy_backbone(), bench.task)
        assert strategy.climb(strategy.prepare(rung, start, given), given).tuned_share == 1.0
    told = [line for line in said.lines if "nothing is held out that could choose" in line]
    assert len(told) == 1


def test_the_way_begins_at_the_pretrained_weights_whatever_an_earlier_rung_tuned(tmp_path: Path) -> None:
    """The second rung starts from a tuned backbone; its way begins at the loaded one, under the head solved on it."""
    pictures, labels = toy_pictures(30)
    backbone = toy_backbone(dropout=0.0)
    bench = replace(toy_bench(backbone, tmp_path, pictures, labels, held_out=9), pretrained=backbone)
    first = toy_network(backbone, bench.task)
    start_from_solved_head(first, bench)
    solved = {name: value.clone() for name, value in first.head.state_dict().items()}
    strategy = FineTuning(freeze_depth=2, epochs=2)
    (rung,) = strategy.rungs(backbone, bench.task, 21)
    tuned = strategy.climb(strategy.prepare(rung, first, bench), bench).network
    assert not same_state(tuned.backbone, backbone)
    for start in (first, tuned):
        state = pretrained_state(start.state_dict(), start.head, bench)
        assert state.keys() == start.state_dict().keys()
        for name, value in backbone.state_dict().items():
            assert torch.equal(state[f"backbone.{name}"], value)
        for name, value in solved.items():
            torch.testing.assert_close(state[f"head.{name}"], value)


class Forgets(OldTask):
    """Loses as many points as it is per cent of the way, with an interval of one point to either side."""

    def lost(self, backbone: Backbone, bench: Workbench) -> Figure:
        share = backbone.state_dict()["network.12.weight"].flatten()[0].item() / 4
        return Figure(share / 100, share / 100 - 0.01 * (share > 0), share / 100 + 0.01 * (share > 0))


@pytest.mark.parametrize(("bound", "at", "taken"), [
    (0.03, 1.0, 1.0),  # 1 point, at most 2
    (0.016, 1.0, 0.5),  # at 0.75 at most 1.75 points, at 0.5 at most 1.5
    (0.016, 0.25, 0.25),  # never further than what held-out examples prefer
    (0.001, 1.0, 0.0),
])  # fmt: skip
def test_as_far_as_the_old_task_allows_by_the_high_end_of_its_interval(
    tmp_path: Path, bound: float, at: float, taken: float
) -> None:
    way, bench = laid_out(tmp_path)
    old = Forgets(bench.task, way.network.head, (), bench.train, bench.targets, bound, True)
    assert within_the_bound(way, at, old, "full", bench) == taken
    assert share_of(way.network) == taken


def test_a_network_that_is_not_pretrained_goes_back_to_its_start(tmp_path: Path) -> None:
    pictures, labels = toy_pictures(12)
    backbone = toy_backbone()
    bench = toy_bench(backbone, tmp_path, pictures, labels)
    start = toy_network(backbone, bench.task)
    before = {name: value.clone() for name, value in start.state_dict().items()}
    state = pretrained_state(start.state_dict(), start.head, bench)
    with torch.no_grad():
        for parameter in start.parameters():
            parameter.add_(1)
    assert state.keys() == before.keys()
    assert all(torch.equal(state[name], value) for name, value in before.items())


def test_a_plan_is_as_frozen_as_the_way(tmp_path: Path) -> None:
    """What a rung trains from its frontier on is read from the same frontier when shares are judged."""
    pictures, labels = toy_pictures(30)
    backbone = toy_backbone(dropout=0.0)
    bench = toy_bench(backbone, tmp_path, pictures, labels, held_out=9)
    network = toy_network(backbone, bench.task)
    pretrained = {name: value.clone() for name, value in network.state_dict().items()}
    plan = FreezePlan(network, 2, statistics=False)
    plan.apply()
    before = bench.frozen_part(network).over(bench.train).part.frontier.cut
    for name in plan.trainable:
        network.state_dict()[name].add_(1)
    Way.of(network, pretrained)
    assert bench.frozen_part(network).over(bench.train).part.frontier.cut == before
