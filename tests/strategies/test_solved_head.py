"""A head is solved once within a fit, and solved anew where anything that it follows from has changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from headstart.frozen.store import FrontierStore
from headstart.model.network import Network
from headstart.strategies import _solved_head
from headstart.strategies._linear_head import Solution, fit_linear_head
from headstart.strategies._solved_head import solve_head, solve_heads, start_from_solved_head
from headstart.strategies._standardised import Standardised
from headstart.strategies.feature_extraction import several_depths
from headstart.training.workbench import Workbench
from toys import same_state, toy_backbone, toy_bench, toy_network, toy_pictures, toy_task


@pytest.fixture
def solves(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The widths of the heads that were really solved."""
    widths: list[int] = []
    real = _solved_head.fit_linear_head

    def counted(task, features, *rest):
        widths.append(len(features.mean) if isinstance(features, Standardised) else features.shape[1])
        return real(task, features, *rest)

    monkeypatch.setattr(_solved_head, "fit_linear_head", counted)
    return widths


def bench_in(folder: Path) -> Workbench:
    pictures, labels = toy_pictures(30)
    return toy_bench(toy_backbone(), folder, pictures, labels, held_out=10)


def fresh(bench: Workbench, seed: int = 0) -> Network:
    network = toy_network(toy_backbone(seed), bench.task)
    return network.requires_grad_(False).eval()


def test_the_same_head_is_solved_once(tmp_path: Path, solves: list[int]):
    bench = bench_in(tmp_path)
    first, second = fresh(bench), fresh(bench)
    solution = solve_head(first, bench)
    start_from_solved_head(second, bench)
    assert solves == [8]
    assert same_state(first, second)
    assert not second.head_is_new
    again = solve_head(fresh(bench), bench_in(tmp_path))  # after a kill, by another process
    assert solves == [8]
    assert again.scores == solution.scores
    assert again.strength == solution.strength


def test_it_is_solved_anew_for_other_relatives(tmp_path: Path, solves: list[int]):
    bench = bench_in(tmp_path)
    given: list[object] = []
    counted = _solved_head.fit_linear_head
    for units in (None, np.arange(20) + 5, np.arange(20) // 4, 9 - np.arange(20) // 4):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_solved_head, "fit_linear_head", lambda *all: given.append(all[-1]) or counted(*all))
            solve_head(fresh(bench), replace(bench, train=replace(bench.train, units=units)))
    assert solves == [8, 8]  # where each stands for itself, and where four are relatives, whatever they are called
    assert given[0] is None
    assert list(given[1]) == [i // 4 for i in range(20)]  # type: ignore[call-overload]


def test_it_is_solved_anew_for_other_depths_weights_examples_targets_and_seeds(tmp_path: Path, solves: list[int]):
    bench = bench_in(tmp_path)
    solve_head(fresh(bench), bench)
    solve_head(several_depths(fresh(bench), bench), bench)
    assert solves == [8, 14]
    solve_head(fresh(bench, seed=1), bench)
    solve_head(fresh(bench), replace(bench.whole(), folder=bench.folder))
    solve_head(fresh(bench), replace(bench, targets=1 - bench.targets))
    solve_head(fresh(bench), replace(bench, seed=1))
    assert solves == [8, 14, 8, 8, 8, 8]


def test_a_head_that_has_learnt_is_left_alone(tmp_path: Path, solves: list[int]):
    bench = bench_in(tmp_path)
    network = fresh(bench)
    network.head_is_new = False
    before = network.head.weight.clone()
    start_from_solved_head(network, bench)
    assert solves == []
    assert torch.equal(network.head.weight, before)


def test_a_head_that_cannot_be_kept_is_no_error(tmp_path: Path, solves: list[int]):
    (tmp_path / "kept").write_text("a file in the folder's place")
    bench = bench_in(tmp_path)
    network = fresh(bench)
    solve_head(network, bench)
    solve_head(fresh(bench), bench)
    assert solves == [8, 8]
    assert not network.head_is_new


def test_a_later_fit_finds_it_in_the_store(tmp_path: Path, solves: list[int], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HEADSTART_CACHE", str(tmp_path / "cache"))
    stored = replace(bench_in(tmp_path / "first"), store=FrontierStore(tmp_path / "store"))
    later = replace(bench_in(tmp_path / "second"), store=FrontierStore(tmp_path / "store"))
    first, second = fresh(stored), fresh(later)
    solve_head(first, stored)
    solve_head(second, later)
    assert solves == [8]
    assert same_state(first, second)


def test_on_every_example_the_penalty_of_the_compared_head_is_taken(tmp_path: Path, solves: list[int]):
    bench = bench_in(tmp_path)
    compared = solve_head(fresh(bench), bench)
    network = fresh(bench)
    whole = solve_head(network, bench.whole())
    assert whole.strength == compared.strength
    assert whole.scores == ()
    assert solves == [8, 8]
    solve_head(fresh(bench, seed=1), bench.whole())  # was not compared: cross-validated
    assert len(solves) == 3


def test_the_penalty_known_gives_the_head_of_the_cross_validation(tmp_path: Path):
    """The loss is convex: from wherever it starts, the descent ends at the same head."""
    torch.manual_seed(0)
    features, targets = torch.randn(120, 6), torch.arange(120) % 3
    task = toy_task(["a", "b", "c"])
    found = fit_linear_head(task, features, targets, torch.ones(120), 0)
    known = fit_linear_head(task, features, targets, torch.ones(120), 0, found.strength)
    torch.testing.assert_close(known.weight, found.weight, atol=2e-3, rtol=2e-2)
    torch.testing.assert_close(known.bias, found.bias, atol=2e-3, rtol=2e-2)


def test_a_head_nearby_leads_to_the_same_head(tmp_path: Path):
    """Convex, so it does not matter where the descent starts, be it far off."""
    torch.manual_seed(0)
    features, targets = torch.randn(120, 6), torch.arange(120) % 3
    task = toy_task(["a", "b", "c"])
    found = fit_linear_head(task, features, targets, torch.ones(120), 0)
    far = replace(found, weight=found.weight + 3.0, bias=-found.bias)
    for near in (found, far):
        again = fit_linear_head(task, features, targets, torch.ones(120), 0, found.strength, near)
        torch.testing.assert_close(again.weight, found.weight, atol=2e-3, rtol=2e-2)
        # What is added to all biases alike adds nothing to a probability.
        centred = [one.bias - one.bias.mean() for one in (again, found)]
        torch.testing.assert_close(*centred, atol=2e-3, rtol=2e-2)


def test_which_depths_there_are_is_read_from_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A network is not run only to learn how wide its stages are, and no input is decoded for it."""
    bench = replace(bench_in(tmp_path), store=FrontierStore(tmp_path / "store"))
    network = fresh(bench)
    solve_head(network, bench)
    expected = network.backbone.depth_features(bench.sample(2))
    later = replace(bench)  # has decoded nothing yet
    monkeypatch.setattr(type(network.backbone), "depth_features", None)
    monkeypatch.setattr(type(later.train), "tensors", None)
    monkeypatch.setattr(type(later.train), "many", None)
    several = several_depths(network, later)
    assert several.depths == tuple(expected)
    assert several.head_features == sum(tensor.shape[1] for tensor in expected.values())


def test_heads_side_by_side_are_those_of_one_after_the_other(
    tmp_path: Path, solves: list[int], monkeypatch: pytest.MonkeyPatch
):
    bench = replace(bench_in(tmp_path / "one"), store=FrontierStore(tmp_path / "one" / "store"))
    far = bench_in(tmp_path / "two")
    first, other = fresh(bench), fresh(far)
    together = [first, several_depths(first, bench)]
    for network in together:
        bench.frozen_part(network).over(bench.train)  # stored from now on
    spreads: list[int] = []
    spread = _solved_head.spread

    def counted(solve: Callable[[Network], Solution], networks: list[Network], alone: bool) -> list[Solution]:
        spreads.append(len(networks))
        return spread(solve, networks, alone=alone)

    monkeypatch.setattr(_solved_head, "spread", counted)
    found = solve_heads(together, bench)
    assert spreads == [2]
    monkeypatch.setattr(_solved_head, "TOGETHER", 0)
    apart = [other, several_depths(other, far)]
    expected = solve_heads(apart, far)
    assert spreads == [2]
    assert len(solves) == 4
    assert [one.scores for one in found] == [one.scores for one in expected]
    assert all(same_state(one, another) for one, another in zip(together, apart, strict=True))
