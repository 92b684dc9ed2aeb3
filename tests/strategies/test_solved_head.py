"""A head is solved once within a fit, and solved anew where anything that it follows from has changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from headstart.core.errors import HeadstartError
from headstart.model.network import Network
from headstart.strategies import _solved_head
from headstart.strategies._solved_head import solve_head, start_from_solved_head
from headstart.strategies.feature_extraction import several_depths
from headstart.training.workbench import Workbench
from toys import same_state, toy_backbone, toy_bench, toy_network, toy_pictures


@pytest.fixture
def solves(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The widths of the heads that were really solved."""
    widths: list[int] = []
    real = _solved_head.fit_linear_head

    def counted(task, features, *rest):
        widths.append(features.shape[1])
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


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "heads").write_text("a file in the folder's place")
    bench = bench_in(tmp_path)
    with pytest.raises(HeadstartError, match="heads"):
        solve_head(fresh(bench), bench)
