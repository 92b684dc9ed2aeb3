"""Which rungs fine-tuning offers, and how it trains them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from headstart.core.errors import UsageError
from headstart.frozen.engines.eager import Eager
from headstart.frozen.store import FrontierStore
from headstart.model.network import Network
from headstart.strategies import _interpolation, fine_tuning
from headstart.strategies._interpolation import SHARES, Way
from headstart.strategies.fine_tuning import FineTuning, epochs_for
from headstart.training.workbench import Workbench
from toys import same_state, toy_backbone, toy_bench, toy_network, toy_pictures, toy_task

TASK = toy_task(["a", "b"])


class FullDisk(FrontierStore):
    free_bytes = 100


def test_three_rungs_the_last_quarter_the_half_and_everything(monkeypatch: pytest.MonkeyPatch):
    rungs = FineTuning().rungs(toy_backbone(), TASK, 100)
    assert [(r.name, r.freeze_depth, r.reach) for r in rungs] == [
        ("fine_tuning_last", 3, 0.25),
        ("fine_tuning_half", 2, 0.5),
        ("fine_tuning_full", 0, 1.0),
    ]
    assert rungs[-1].by_default
    monkeypatch.setattr(fine_tuning, "LARGE", 10)
    assert not FineTuning().rungs(toy_backbone(), TASK, 100)[-1].by_default, "too large to train whole"


def test_a_depth_of_ones_own_gives_one_rung_or_an_error():
    (rung,) = FineTuning(freeze_depth=1).rungs(toy_backbone(), TASK, 100)
    assert (rung.name, rung.freeze_depth, rung.reach) == ("fine_tuning_from_1", 1, 0.75)
    with pytest.raises(UsageError, match="freeze_depth=9: toy/net has 4 stages"):
        FineTuning(freeze_depth=9).rungs(toy_backbone(), TASK, 100)


def test_settings_reach_the_recipe():
    backbone = toy_backbone(views=8)
    (rung,) = FineTuning(freeze_depth=1).rungs(backbone, TASK, 100)
    plain = FineTuning().recipe(rung, backbone, TASK, 100)
    assert (plain.batch_size, plain.views, plain.rates.backbone, plain.patience) == (16, 4, 1e-2, 4)
    assert FineTuning().recipe(rung, backbone, TASK, 500).batch_size == 32
    assert FineTuning().recipe(rung, toy_backbone(), TASK, 100).views == 0
    own = FineTuning(
        epochs=7, learning_rate=1e-3, batch_size=5, layer_decay=0.5, smoothing=0.2, mixup=0.3, l2_sp=0.4,
        gradual=True, patience=9, views=2, averaging=0.9,
    ).recipe(rung, backbone, TASK, 100)  # fmt: skip
    assert (own.epochs, own.batch_size, own.views, own.patience, own.gradual) == (7, 5, 2, 9, True)
    assert (own.rates.backbone, own.rates.layer_decay) == (1e-3, 0.5)
    assert (own.smoothing, own.mixup, own.l2_sp, own.averaging) == (0.2, 0.3, 0.4, 0.9)
    assert plain.averaging == 0


def test_epochs_are_ten_on_small_sets_and_three_on_large_ones():
    epochs = [epochs_for(examples, 32) for examples in (0, 50, 200, 800, 3200, 50_000)]
    assert epochs[:2] == [10, 10]
    assert epochs[-1] == 3
    assert epochs == sorted(epochs, reverse=True)


def test_under_a_head_that_reads_maps_all_is_tuned_for_longer(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(type(TASK), "reads_maps", True)
    backbone = toy_backbone()
    rungs = FineTuning().rungs(backbone, TASK, 100)
    assert [rung.name for rung in rungs if rung.by_default] == ["fine_tuning_full"]
    assert [rung.counted_reach(TASK.reads_maps) for rung in rungs] == [0, 0, 0], "the head is trained as they are"
    recipes = [FineTuning().recipe(rungs[-1], backbone, TASK, examples) for examples in (20, 240, 5000)]
    assert [(each.epochs, each.batch_size, each.patience, each.averaging) for each in recipes] == [
        (24, 8, 12, 0.97),
        (20, 8, 12, 0.97),
        (3, 8, 12, 0.97),
    ]
    assert recipes[0].rates.backbone == 4 * backbone.learning_rate, "its convolutions are normalised by batch"
    for number in range(1, len(backbone.network), 4):
        backbone.network[number] = torch.nn.Identity()
    assert FineTuning().recipe(rungs[-1], backbone, TASK, 20).rates.backbone == backbone.learning_rate
    monkeypatch.setattr(fine_tuning, "LARGE", 10)
    too_large = FineTuning().rungs(toy_backbone(), TASK, 100)
    assert [rung.name for rung in too_large if rung.by_default] == ["fine_tuning_last"]


def climbed(folder: Path, store: FrontierStore | None, depth: int = 2) -> Network:
    """The same rung, with two augmented views and dropout, over whatever store is given."""
    pictures, labels = toy_pictures(30)
    backbone = toy_backbone(views=3, dropout=0.3)
    bench = toy_bench(backbone, folder, pictures, labels, held_out=9, store=store)
    strategy = FineTuning(freeze_depth=depth, epochs=3, views=2)
    (rung,) = strategy.rungs(backbone, bench.task, 21)
    start = toy_network(backbone, bench.task)
    start.head_is_new = False
    return strategy.climb(strategy.prepare(rung, start, bench), bench).network


@pytest.mark.parametrize("depth", [2, 4])
def test_the_answer_is_the_same_with_a_store_without_and_with_a_full_disk(tmp_path: Path, depth: int):
    """A second fit with a store runs the frozen part not once."""
    without = climbed(tmp_path / "a", None, depth)
    assert same_state(climbed(tmp_path / "b", FrontierStore(tmp_path / "store"), depth), without)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Eager, "run", lambda *_: pytest.fail("the frozen part ran again"))
        assert same_state(climbed(tmp_path / "c", FrontierStore(tmp_path / "store"), depth), without)
    assert same_state(climbed(tmp_path / "d", FullDisk(tmp_path / "full"), depth), without)


def test_it_starts_from_a_solved_head_unless_the_head_has_learnt(tmp_path: Path):
    pictures, labels = toy_pictures(30)
    backbone = toy_backbone()
    bench = toy_bench(backbone, tmp_path, pictures, labels, held_out=9)
    start = toy_network(backbone, bench.task)
    strategy = FineTuning(freeze_depth=2)
    (rung,) = strategy.rungs(backbone, bench.task, 21)
    solved = strategy.prepare(rung, start, bench).network
    assert not same_state(solved.head, start.head)
    assert same_state(solved.backbone, start.backbone)
    again = strategy.prepare(rung, solved, bench).network
    assert same_state(again, solved)


def test_part_of_the_way_back_is_remembered_and_gone_again_on_every_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """WiSE-FT: the share found on held-out examples is applied to what training on every example gives."""
    pictures, labels = toy_pictures(30)
    backbone = toy_backbone(dropout=0.0)
    strategy = FineTuning(freeze_depth=2, epochs=2, interpolate=True)
    bench = toy_bench(backbone, tmp_path / "a", pictures, labels, held_out=9)
    (rung,) = strategy.rungs(backbone, bench.task, 21)
    start = toy_network(backbone, bench.task)
    start.head_is_new = False
    monkeypatch.setattr(_interpolation, "choose", halfway)
    compared = strategy.climb(strategy.prepare(rung, start, bench), bench)
    assert compared.tuned_share == 0.5
    plain = FineTuning(freeze_depth=2, epochs=2)
    whole = replace(bench, folder=tmp_path / "b").whole()
    tuned = plain.climb(plain.prepare(rung, start, whole), whole)
    assert tuned.tuned_share == 1.0
    whole = replace(bench, folder=tmp_path / "c").whole()
    again = strategy.climb(replace(strategy.prepare(rung, start, whole), tuned_share=0.5), whole)
    for name, value in again.network.state_dict().items():
        if value.is_floating_point():
            middle = 0.5 * start.state_dict()[name] + 0.5 * tuned.network.state_dict()[name]
            torch.testing.assert_close(value, middle)


def halfway(way: Way, bench: Workbench) -> float:
    way.go(0.5)
    return 0.5


def test_going_back_counts_in_what_a_rung_will_cost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Each share and the tuned weights are one more pass over the 9 held-out examples, 0.01 s each in the trial."""
    from headstart.training import trial

    pictures, labels = toy_pictures(30)
    backbone = toy_backbone()
    bench = toy_bench(backbone, tmp_path, pictures, labels, held_out=9)
    monkeypatch.setattr(trial, "_step_seconds", lambda *given: (0.02, 0.01))
    costs = []
    for interpolate in (False, True):
        strategy = FineTuning(freeze_depth=2, epochs=2, interpolate=interpolate)
        (rung,) = strategy.rungs(backbone, bench.task, 21)
        prepared = strategy.prepare(rung, toy_network(backbone, bench.task), bench)
        monkeypatch.setattr(type(bench.frozen_part(prepared.network)), "seconds_per_example", lambda *given: 0.0)
        costs.append(strategy.predicted_cost(prepared, bench).of(2))
    assert costs[1] - costs[0] == pytest.approx((len(SHARES) + 1) * 9 * 0.01)
