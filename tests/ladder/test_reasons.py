"""Why a rung was kept, in the figure as it is read: a higher error is never said to be lower."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from headstart.core.results import RungResult
from headstart.ladder.comparison import HeldOut
from headstart.ladder.landing import Landing
from headstart.ladder.reasons import reason_of
from headstart.tasks import TASKS
from toys import toy_backbone, toy_network


@pytest.mark.parametrize(
    ("deviation", "said"),
    [(2.0, "+0.0120 (+0.0120 to +0.0120)"), (2e6, "+12,000 (+12,000 to +12,000)"), (2e-2, "+0.000120 (")],
)
def test_the_kept_rung_with_the_larger_error_is_said_to_have_it(deviation: float, said: str) -> None:
    """Off by 0.106 and 0.1 deviations: of 2 the mean absolute errors are 0.212 and 0.2."""
    task = TASKS.load("regression")(mean=0.0, deviation=deviation)
    truth = torch.linspace(-1, 1, 50)
    held = HeldOut(task, truth, seed=0)
    landings = [_landing(name, truth[:, None] + off) for name, off in (("probe", 0.106), ("full", 0.1))]
    reason = reason_of(held, landings, 0, chosen=0, best=1)
    assert reason.startswith("the simplest rung within one standard error of the best: mean absolute error " + said)
    assert reason.endswith(" against full")
    assert "mean absolute error −" in reason_of(held, landings, 1, chosen=0, best=1)
    assert reason_of(held, landings, 1, chosen=0, best=1).endswith("against probe, not worth the dearer rung")


@pytest.mark.parametrize(("by_loss", "said"), [(False, "held-out examples"), (True, "examples it did not see")])
def test_the_best_of_rungs_judged_out_of_fold_is_not_said_to_be_so_on_held_out_examples(
    by_loss: bool, said: str
) -> None:
    task = TASKS.load("regression")(mean=0.0, deviation=1.0)
    truth = torch.linspace(-1, 1, 50)
    landings = [_landing(name, truth[:, None] + off) for name, off in (("probe", 0.5), ("full", 0.1))]
    reason = reason_of(HeldOut(task, truth, seed=0, by_loss=by_loss), landings, 1, chosen=1, best=1)
    assert reason == f"the best on the {said}, and no simpler rung within one standard error of it"


def _landing(name: str, outputs: Tensor) -> Landing:
    task = TASKS.load("regression")(mean=0.0, deviation=1.0)
    return Landing(toy_network(toy_backbone(), task), outputs, RungResult(name, "scripted", 2, 1.0), 1, None)
