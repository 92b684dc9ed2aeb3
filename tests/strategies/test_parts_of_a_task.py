"""Several targets over one trunk: each head is what it would be alone, at depths of its own, balanced in training."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from headstart.core.errors import UsageError
from headstart.frozen.inputs import joined
from headstart.ladder.comparison import HeldOut
from headstart.model.freezing import FreezePlan
from headstart.strategies import _solved_head, feature_extraction
from headstart.strategies._balanced import PLAIN
from headstart.strategies._baselines import majority
from headstart.strategies._linear_head import Solution, side_by_side
from headstart.strategies._solved_head import solve_head
from headstart.strategies.feature_extraction import FeatureExtraction
from headstart.strategies.fine_tuning import FineTuning
from headstart.strategies.low_rank import LowRank
from headstart.tasks.multi_task import MultiTask
from headstart.training.balancing import BALANCINGS
from headstart.training.callback import Moment
from headstart.training.recipe import Recipe
from headstart.training.workbench import Workbench
from toys import toy_backbone, toy_bench, toy_network, toy_pictures

COUNT, HELD_OUT = 60, 20


def bench_of(folder: Path, holes: bool = False) -> Workbench:
    """Pictures with their class, and with a second one that follows from their number; every third may lack it."""
    _, labels = toy_pictures(COUNT)
    return bench_with(
        folder,
        [{"kind": label, "other": None if holes and i % 3 == 0 else f"o{i % 2}"} for i, label in enumerate(labels)],
    )


def bench_with(folder: Path, targets: list[dict[str, str | None]]) -> Workbench:
    """Pictures with these targets, the last of which are held out."""
    pictures, labels = toy_pictures(COUNT)
    bench = toy_bench(toy_backbone(), folder, pictures, labels, held_out=HELD_OUT)
    task = MultiTask.from_targets(targets)
    cut = COUNT - HELD_OUT
    encoded = task.encode(targets)
    return replace(bench, task=task, targets=encoded[:cut], validation_targets=encoded[cut:])


def test_each_head_is_the_one_that_it_would_be_alone(tmp_path: Path) -> None:
    bench = bench_of(tmp_path / "together", holes=True)
    network = toy_network(toy_backbone(), bench.task)
    network.requires_grad_(False).eval()
    together = solve_head(network, bench)
    assert [len(part.train) for part in bench.parts()] == [40, 26]
    for part, own in zip(bench.parts(), together.each, strict=True):
        alone = replace(part, folder=tmp_path / "alone")
        assert len(alone.train) == len(alone.targets)
        network = toy_network(toy_backbone(), alone.task)
        network.requires_grad_(False).eval()
        found = solve_head(network, alone)
        assert found.strength == own.strength
        assert torch.allclose(found.weight, own.weight, atol=1e-4)
    assert torch.equal(together.weight, torch.cat([own.weight for own in together.each]))


def test_a_bench_for_each_target_holds_the_examples_that_have_it(tmp_path: Path) -> None:
    first, second = bench_of(tmp_path, holes=True).parts()
    assert (len(first.train), len(first.validation or [])) == (40, 20)
    # Of rows 0 … 39 those divisible by 3 lack it, 14; of 40 … 59, 6.
    assert (len(second.train), len(second.validation or [])) == (26, 14)
    assert first.folder != second.folder
    assert len(joined(second.train, second.validation)) == 40  # type: ignore[arg-type]


def test_every_target_reads_the_depths_that_suit_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first loses less on the last features (8 wide), the second on all (14 wide)."""

    def solve(network, bench):
        width = network.head.weight.shape[1]
        losses = (0.1, 0.5) if width == 8 else (0.2, 0.3)
        return side_by_side([Solution(torch.ones(2, width), torch.ones(2), 1.0, (loss,)) for loss in losses])

    for module in (feature_extraction, _solved_head):
        monkeypatch.setattr(module, "solve_head", solve)
    bench, backbone, strategy = bench_of(tmp_path), toy_backbone(), FeatureExtraction()
    (rung,) = strategy.rungs(backbone, bench.task, COUNT)
    climbed = strategy.climb(strategy.prepare(rung, toy_network(backbone, bench.task), bench), bench)
    assert climbed.network.depths == ("block1", "block3")
    weight = climbed.network.head.weight  # type: ignore[union-attr]
    assert weight[:2, :6].abs().sum() == 0  # type: ignore[index]
    assert (weight[:2, 6:] == 1).all()  # type: ignore[index]
    assert (weight[2:] == 1).all()  # type: ignore[index]


def test_the_commonest_answer_is_that_of_each_target(tmp_path: Path) -> None:
    """Of 40 examples that are learnt from 30 are red; 26 have the other target, and of those 21 have o0."""
    targets = [
        {"kind": "red" if i % 4 else "green", "other": None if i % 3 == 0 else f"o{int(i % 5 == 0)}"}
        for i in range(COUNT)
    ]
    bench = bench_with(tmp_path, targets)
    outputs = majority(bench, bench.train.select([0]))
    assert bench.task.decode(outputs, {}).columns["label"] == [{"kind": "red", "other": "o0"}]


def test_fine_tuning_tries_every_balancing_once_and_remembers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, backbone = bench_of(tmp_path), toy_backbone()
    strategy = FineTuning(epochs=1)
    rung = strategy.rungs(backbone, bench.task, COUNT)[0]
    start = toy_network(backbone, bench.task)
    climbed = strategy.climb(strategy.prepare(rung, start, bench), bench)
    said = json.loads((tmp_path / "balancing.json").read_text())
    assert set(said["reached"]) == set(BALANCINGS)
    assert said["reached"][said["balancing"]] == max(said["reached"].values())
    assert climbed.curve[0][bench.task.watched] == pytest.approx(max(said["reached"].values()))
    assert climbed.choosing > 0
    outputs = bench.outputs(climbed.network, bench.validation, keep=False)  # type: ignore[arg-type]
    assert HeldOut(bench.task, bench.validation_targets, 0).value(outputs) > 0  # type: ignore[arg-type]
    remembered = {**said, "balancing": next(name for name in BALANCINGS if name != said["balancing"])}
    (tmp_path / "balancing.json").write_text(json.dumps(remembered))
    taken, train = [], Workbench.train_network

    def noted(self: Workbench, plan: FreezePlan, recipe: Recipe, *rest: Any) -> Moment:
        taken.append(recipe.balancing)
        return train(self, plan, recipe, *rest)

    monkeypatch.setattr(Workbench, "train_network", noted)
    strategy.climb(strategy.prepare(rung, start, bench), bench)
    assert taken == [remembered["balancing"]]
    assert json.loads((tmp_path / "balancing.json").read_text()) == remembered


def test_where_no_time_is_left_one_balancing_is_climbed_all_the_same(tmp_path: Path) -> None:
    """A rung that is climbed however late, as the first one is, or one that is resumed."""
    bench, backbone = replace(bench_of(tmp_path), deadline=-1.0), toy_backbone()
    strategy = FineTuning(epochs=1)
    rung = strategy.rungs(backbone, bench.task, COUNT)[0]
    climbed = strategy.climb(strategy.prepare(rung, toy_network(backbone, bench.task), bench), bench)
    said = json.loads((tmp_path / "balancing.json").read_text())
    assert list(said["reached"]) == [said["balancing"]] == [PLAIN]
    assert said["left_out"] == [name for name in BALANCINGS if name != PLAIN]
    assert len(climbed.curve) == 1
    assert climbed.choosing == 0


def test_adapters_of_several_tasks_are_balanced_by_held_out_examples_too(tmp_path: Path) -> None:
    """One of three ways is chosen and written down, as in fine-tuning; one that is asked for stands in the recipe."""
    pytest.importorskip("peft", reason="low-rank adapters need peft")
    for asked, tried in ((None, set(BALANCINGS)), ("uncertainty", set())):
        bench, strategy = bench_of(tmp_path / str(asked)), LowRank(rank=1, epochs=1, balancing=asked)
        (rung,) = strategy.rungs(toy_backbone(), bench.task, COUNT)
        prepared = strategy.prepare(rung, toy_network(toy_backbone(), bench.task), bench)
        assert prepared.recipe.balancing == (asked or "plain")
        climbed = strategy.climb(prepared, bench)
        assert not [name for name in climbed.network.state_dict() if ".lora_" in name], "merged"
        chosen = bench.folder / "balancing.json"
        assert (set(json.loads(chosen.read_text())["reached"]) if chosen.exists() else set()) == tried
    with pytest.raises(UsageError, match="balancing=none: it must be one of plain, uncertainty"):
        LowRank(balancing="none")
