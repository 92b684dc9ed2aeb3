"""Gradual unfreezing: one rung that thaws all of the backbone in the end, by rates that fall with depth."""

from __future__ import annotations

import pytest

from headstart.backbones import SOURCES
from headstart.core.settings import with_settings
from headstart.model.freezing import FreezePlan
from headstart.strategies import STRATEGIES
from headstart.strategies.fine_tuning import FineTuning
from headstart.strategies.gradual_unfreezing import GradualUnfreezing
from toys import toy_backbone, toy_network, toy_task

TASK = toy_task(["a", "b"])


def test_one_rung_that_is_climbed_unasked_for_recurrent_networks_alone() -> None:
    recurrent = SOURCES.load("recurrent")().tiny("awd_lstm")
    for backbone, wanted in ((toy_backbone(), False), (recurrent, True)):
        (rung,) = GradualUnfreezing().rungs(backbone, TASK, 200)
        assert (rung.name, rung.freeze_depth, rung.reach, rung.by_default) == ("gradual_unfreezing", 0, 1.0, wanted)


def test_each_stage_learns_so_much_slower_than_the_one_above_it() -> None:
    network = toy_network(toy_backbone(), TASK)
    strategy = GradualUnfreezing()
    (rung,) = strategy.rungs(network.backbone, TASK, 200)
    recipe = strategy.recipe(rung, network.backbone, TASK, 200)
    assert recipe.gradual
    plan = FreezePlan(network, rung.freeze_depth)
    plan.apply()
    groups = plan.optimizer_groups(recipe.rates)[1:]
    rates = {group["steps_down"]: group["lr"] for group in groups if group["lr"] != recipe.rates.head}
    for down in range(1, max(rates) + 1):
        assert rates[down - 1] / rates[down] == pytest.approx(2.6)


def test_it_takes_twice_the_epochs_unless_so_many_are_asked_for() -> None:
    backbone = toy_backbone()
    (rung,) = GradualUnfreezing().rungs(backbone, TASK, 200)
    usual = FineTuning().recipe(rung, backbone, TASK, 200).epochs
    assert GradualUnfreezing().recipe(rung, backbone, TASK, 200).epochs == 2 * usual
    asked = with_settings(STRATEGIES, "gradual_unfreezing:epochs=5,slower=1.5,learning_rate=1e-3", "--strategy")
    recipe = asked.recipe(rung, backbone, TASK, 200)
    assert (recipe.epochs, recipe.rates.backbone) == (5, 1e-3)
    assert recipe.rates.layer_decay == pytest.approx(1 / 1.5)
