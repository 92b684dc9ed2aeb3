"""A solved head on stored features; the backbone as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from headstart.frozen.engines.eager import Eager
from headstart.frozen.store import FrontierStore
from headstart.strategies.base import Climbed
from headstart.strategies.feature_extraction import FeatureExtraction
from toys import same_state, toy_backbone, toy_bench, toy_network, toy_pictures


def climbed(folder: Path, store: FrontierStore | None, depths: bool = True, count: int = 60) -> Climbed:
    pictures, labels = toy_pictures(count)
    backbone = toy_backbone()
    bench = toy_bench(backbone, folder, pictures, labels, held_out=20, store=store)
    strategy = FeatureExtraction(depths=depths)
    (rung,) = strategy.rungs(backbone, bench.task, count)
    return strategy.climb(strategy.prepare(rung, toy_network(backbone, bench.task), bench), bench)


def test_the_backbone_stays_and_the_head_reads_what_the_store_holds(tmp_path: Path):
    result = climbed(tmp_path, None, depths=False)
    assert same_state(result.network.backbone, toy_backbone())
    assert result.network.depths == ()
    assert result.trainable_parameters == 8 * 2 + 2
    assert result.curve == []
    assert not result.network.head_is_new


def test_several_depths_are_read_where_they_lose_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from headstart.strategies import _solved_head
    from headstart.strategies._linear_head import Solution

    def solved(better: int):
        def solve(network, bench):
            width = network.head.weight.shape[1]
            return Solution(torch.zeros(1), torch.zeros(1), 1.0, (0.9, 0.1 if width == better else 0.5))

        return solve

    monkeypatch.setattr(_solved_head, "solve_head", solved(better=14))
    several = climbed(tmp_path / "a", None)
    assert several.network.depths == ("block1", "block3")
    assert several.trainable_parameters == 14 * 2 + 2
    monkeypatch.setattr(_solved_head, "solve_head", solved(better=8))
    assert climbed(tmp_path / "b", None).network.depths == ()


def test_the_same_head_with_and_without_a_store_and_nothing_computed_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    without = climbed(tmp_path / "a", None)
    store = FrontierStore(tmp_path / "store")
    assert same_state(climbed(tmp_path / "b", store).network, without.network)

    def never(self: Eager, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        raise AssertionError("the frozen part ran again")

    monkeypatch.setattr(Eager, "run", never)
    again = climbed(tmp_path / "c", store)
    assert again.network.depths == without.network.depths
    assert same_state(again.network, without.network)
