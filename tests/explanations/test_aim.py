"""What is explained: log-odds where outputs compete, the output itself elsewhere."""

from __future__ import annotations

import math

import pytest
import torch

from headstart.core.errors import UsageError
from headstart.explanations._output_aim import OutputAim, aim_at, find_target
from headstart.tasks import TASKS
from toys import toy_task

THREE = toy_task(["ant", "bee", "cat"])
OUTPUTS = torch.tensor([[math.log(2), math.log(3), math.log(5)]])


def test_classes_compete() -> None:
    """Probabilities 0.2, 0.3, 0.5; the odds of bee are 3 to 7."""
    aim = OutputAim(THREE, {}, 1, "bee")
    assert aim.evidence(OUTPUTS).item() == pytest.approx(math.log(3 / 7))
    assert aim.evidence(OUTPUTS + 5).item() == pytest.approx(math.log(3 / 7))
    assert aim.confidence(OUTPUTS).item() == pytest.approx(0.3)
    assert aim.noun == "the probability of 'bee'"
    assert aim.fall(torch.tensor(0.3), torch.tensor(0.4)).item() == pytest.approx(-0.1)


def test_labels_of_which_several_may_hold_do_not() -> None:
    task = TASKS.load("multi_label").from_targets(["a|b", "b", "a", ""])
    aim = OutputAim(task, {}, 0, "a")
    assert aim.evidence(torch.tensor([[1.5, 9.0]])).item() == pytest.approx(1.5)
    assert aim.confidence(torch.tensor([[0.0, 9.0]])).item() == pytest.approx(0.5)


def test_a_number_is_itself_and_any_change_counts() -> None:
    """Heads learn it in deviations from the mean; 100, 200 and 400: 700 / 3, and the root of 140 000 / 9."""
    aim = OutputAim(toy_task([100.0, 200.0, 400.0]), {}, 0, "number")
    assert aim.evidence(torch.tensor([[0.7]])).item() == pytest.approx(0.7)
    predicted = aim.confidence(torch.tensor([[0.7]])).item()
    assert predicted == pytest.approx(700 / 3 + 0.7 * (140_000 / 9) ** 0.5)
    assert aim.say(predicted) == "320.639"
    assert aim.fall(torch.tensor(0.3), torch.tensor(0.4)).item() == pytest.approx(0.1)
    assert not aim.is_probability


def test_the_calibration_changes_the_confidence_and_not_the_slope() -> None:
    """Divided by a temperature of 2, odds of 5 to 2 become √5 to √2."""
    aim = OutputAim(toy_task(["a", "b"]), {"temperature": 2.0}, 1, "b")
    outputs = torch.tensor([[math.log(2), math.log(5)]])
    assert aim.confidence(outputs).item() == pytest.approx(math.sqrt(5) / (math.sqrt(2) + math.sqrt(5)))
    assert aim.evidence(outputs).item() == pytest.approx(math.log(5 / 2))


def test_the_predicted_label_unless_another_is_asked_for() -> None:
    assert find_target(THREE, OUTPUTS, None) == (2, "cat")
    assert find_target(THREE, OUTPUTS, "ant") == (0, "ant")
    with pytest.raises(UsageError, match=r"no label 'bea'\. Did you mean 'bee'.*ant, bee, cat"):
        find_target(THREE, OUTPUTS, "bea")
    numbers = toy_task([1.0, 2.0, 4.0])
    assert find_target(numbers, torch.zeros(1, 1), None) == (0, "number")
    with pytest.raises(UsageError, match="predicts a number and has no labels"):
        find_target(numbers, torch.zeros(1, 1), "big")


def test_a_number_of_several_targets_is_called_what_its_column_is() -> None:
    task = TASKS.load("multi_task").from_targets([{"kind": "ab"[i % 2], "price": 1.37 * i} for i in range(40)])
    outputs = torch.zeros(1, task.outputs)
    price = aim_at(task, {}, outputs, target="price")
    assert (price.name, price.noun) == ("price", "the price")
    assert aim_at(task, {}, outputs, target="kind").noun == "the probability of 'kind: a'"
