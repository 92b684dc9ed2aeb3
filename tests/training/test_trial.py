"""What a trial says before a rung is trained: its cost by hand, and what is set aside for judging after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from headstart.frozen.activations import FrozenPart
from headstart.frozen.store import FrontierStore
from headstart.model.freezing import FreezePlan, Rates
from headstart.training import trial
from headstart.training.cost import Cost
from headstart.training.ending import Ending
from headstart.training.recipe import Recipe
from headstart.training.workbench import KEPT_FOR_THE_END
from toys import toy_backbone, toy_bench, toy_network, toy_pictures


def test_a_trial_sets_aside_what_judging_will_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """30 pictures, 9 of them held out: 1 s each in the frozen part, 0.02 s a step, 0.01 s its forward."""
    pictures, labels = toy_pictures(30)
    backbone = toy_backbone()
    bench = toy_bench(backbone, tmp_path, pictures, labels, held_out=9)
    bench = type(bench)(**{**vars(bench), "deadline": 1000.0, "ending": Ending(answered=100, scored=200)})
    monkeypatch.setattr(trial, "_step_seconds", lambda *given: (0.02, 0.01))
    monkeypatch.setattr(trial, "_scoring_seconds", lambda *given: 0.5)
    monkeypatch.setattr(FrozenPart, "seconds_per_example", lambda *given: 1.0)
    plan = FreezePlan(toy_network(backbone, bench.task), 2)
    plan.apply()
    cost = trial.tried_cost(plan, Recipe(epochs=3, batch_size=8, rates=Rates(0.1, 0.1)), bench)
    assert cost == Cost(pytest.approx(21 * 0.02 + 9 * 0.01), 9.0, 21.0, 1)
    assert bench.ending.seconds == pytest.approx(100 * 1.01 + 200 * 0.5)
    assert bench.last_rung_ends == pytest.approx(1000 * (1 - KEPT_FOR_THE_END) - 201)


def test_figures_are_tried_once_and_measured_from_then_on(tmp_path: Path) -> None:
    pictures, labels = toy_pictures(30)
    backbone = toy_backbone()
    bench = toy_bench(backbone, tmp_path, pictures, labels, held_out=9)
    plan = FreezePlan(toy_network(backbone, bench.task), 2)
    plan.apply()
    recipe = Recipe(epochs=3, batch_size=8, rates=Rates(0.1, 0.1))
    trial.tried_cost(plan, recipe, bench)
    assert bench.ending.score is not None
    assert bench.ending.score > 0
    bench.ending.figures_take(7.0)
    trial.tried_cost(plan, recipe, bench)
    assert bench.ending.score == 7.0


def test_the_dearest_answer_counts() -> None:
    ending = Ending(answered=10)
    assert ending.seconds == 0
    for seconds in (2.0, 1.0):  # the second was read from the store
        ending.answers_take(seconds)
    assert ending.seconds == 20


class NoRoom(FrontierStore):
    free_bytes = 100


def test_what_has_no_room_in_the_store_is_paid_for_in_every_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures, labels = toy_pictures(30)
    backbone = toy_backbone()
    bench = toy_bench(backbone, tmp_path, pictures, labels, held_out=9, store=NoRoom(tmp_path / "store"))
    monkeypatch.setattr(trial, "_step_seconds", lambda *given: (0.02, 0.01))
    monkeypatch.setattr(FrozenPart, "seconds_per_example", lambda *given: 1.0)
    plan = FreezePlan(toy_network(backbone, bench.task), 2)
    plan.apply()
    cost = trial.tried_cost(plan, Recipe(epochs=3, batch_size=8, rates=Rates(0.1, 0.1)), bench)
    assert cost.epoch == pytest.approx(21 * 1.02 + 9 * 1.01)
