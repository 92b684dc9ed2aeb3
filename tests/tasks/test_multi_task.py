"""Several targets at once: encoded with what is missing, figures of each, the mean score by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from headstart.core.errors import InputError
from headstart.core.statistics import bootstrap_draws
from headstart.tasks import choose_task
from headstart.tasks._several_targets import on_known
from headstart.tasks.classification import Classification
from headstart.tasks.multi_task import MultiTask
from headstart.tasks.regression import Regression

TARGETS = [
    {"team": "a", "price": 1.0},
    {"team": "b", "price": None},
    {"team": None, "price": 3.0},
    {"team": "a", "price": 5.0},
]
TASK = MultiTask({"team": Classification(["a", "b"], [2, 1]), "price": Regression(3.0, 2.0)})
# Columns: the two classes of team, then the number in deviations.
OUTPUTS = torch.tensor([[2.0, 0.0, -1.0], [2.0, 0.0, 9.0], [0.0, 9.0, 0.5], [0.0, 0.0, 1.0]])


def test_what_is_missing_is_marked_and_has_no_part_in_the_loss():
    encoded = TASK.encode(TARGETS)
    # The class, the number in deviations, then whether each is known.
    wanted = [[0, -1, 1, 1], [1, 0, 1, 0], [0, 0, 0, 1], [0, 1, 1, 1]]
    assert torch.equal(encoded, torch.tensor(wanted, dtype=torch.float32))
    sure = math.log(1 + math.exp(-2))
    of_team = (sure + (2 + sure) + math.log(2)) / 4  # -log softmax of rows 0, 1 and 3, over all four
    of_price = (0 + 0.5**2 + 0) / 4
    assert TASK.losses(OUTPUTS, encoded).tolist() == pytest.approx([of_team, of_price])
    assert TASK.loss(OUTPUTS, encoded).item() == pytest.approx((of_team + of_price) / 2)


def test_a_missing_target_gives_its_outputs_no_gradient():
    outputs = OUTPUTS.clone().requires_grad_()
    TASK.loss(outputs, TASK.encode(TARGETS), TASK.balance(TASK.encode(TARGETS))).backward()
    assert outputs.grad is not None
    assert outputs.grad[1, 2] == 0
    assert outputs.grad[2, :2].abs().sum() == 0
    assert (outputs.grad[0, :2] != 0).all()


def test_a_task_with_few_targets_counts_as_much_as_one_with_many():
    weights = TASK.balance(TASK.encode(TARGETS))
    # Of team 2 a and 1 b: ∝ 1/√2, 1/√2, 1 over the three known, then times 4/3; of price all alike.
    a, b = (x / ((2 / math.sqrt(2) + 1) / 3) for x in (1 / math.sqrt(2), 1.0))
    assert weights[:, 0].tolist() == pytest.approx([a * 4 / 3, b * 4 / 3, 0, a * 4 / 3])
    assert weights[:, 1].tolist() == pytest.approx([4 / 3, 0, 4 / 3, 4 / 3])


def test_narrowed_it_is_still_all_of_its_targets():
    encoded = TASK.encode(TARGETS)
    part = TASK.narrowed(encoded, most=1, seed=0)
    assert part.task is TASK
    assert part.rows.tolist() == [0, 1, 2, 3]
    assert part.task.loss(OUTPUTS[:, part.columns], part.encoded) == TASK.loss(OUTPUTS, encoded)


def test_figures_are_those_of_each_task_where_its_target_is_known():
    figures = TASK.metrics(OUTPUTS, TASK.encode(TARGETS))
    assert figures["team: accuracy"].value == pytest.approx(2 / 3)  # rows 0 and 3 right, row 1 wrong
    assert figures["price: mae"].value == pytest.approx(0.5 * 2 / 3)
    # macro-F1, which team watches: a 4/5, b 0; of price 1 - mae in deviations.
    assert figures["mean_score"].value == pytest.approx(((0.8 + 0) / 2 + 1 - 0.5 / 3) / 2)


def test_a_task_without_any_known_target_has_no_figures():
    figures = TASK.metrics(OUTPUTS[:2], TASK.encode([{"team": "a"}, {"team": "b"}]))
    assert "team: accuracy" in figures
    assert not any(name.startswith("price") for name in figures)


def test_resamples_of_a_figure_take_the_drawn_examples_whose_target_is_known():
    known = np.array([True, False, True, True])
    values = np.array([1.0, 5.0, 9.0])  # of the three known
    draws = np.array([[0, 1, 1, 2], [3, 3, 3, 3], [1, 1, 1, 1], [0, 2, 3, 3]])
    found = on_known(known, draws, lambda drawn: values[drawn].mean(axis=1))
    assert found[[0, 1, 3]].tolist() == pytest.approx([(1 + 5) / 2, 9.0, (1 + 5 + 9 + 9) / 4])
    assert np.isnan(found[2])


def test_measured_alike_with_and_without_holes():
    full = [target for target in TARGETS if None not in target.values()] * 10
    draws = bootstrap_draws(len(full), count=20)
    outputs = OUTPUTS[[0, 3]].repeat(10, 1)
    alone = Regression(3.0, 2.0)
    mine = TASK.measure("price: mae", outputs, TASK.encode(full), draws)
    theirs = alone.measure("mae", outputs[:, 2:], alone.encode([target["price"] for target in full]), draws)
    assert mine.tolist() == theirs.tolist()


def test_predictions_have_columns_for_each_target():
    predicted = TASK.decode(OUTPUTS[:1], {"price: residual_90": 1.5}).columns
    assert predicted["label"] == [{"team": "a", "price": pytest.approx(1.0)}]
    assert "probability" not in predicted  # a number has none, so all together have none
    assert predicted["team"] == ["a"]
    assert predicted["team_probability"] == [pytest.approx(1 / (1 + math.exp(-2)))]
    assert (predicted["price_low"], predicted["price_high"]) == ([pytest.approx(-0.5)], [pytest.approx(2.5)])


def test_a_target_named_as_a_column_of_all_predictions_stands_under_another_name():
    task = MultiTask({"label": Classification(["a", "b"], [1, 1]), "kind": Classification(["x", "y"], [1, 1])})
    columns = task.decode(torch.tensor([[0.0, math.log(3), math.log(4), 0.0]]), {}).columns
    assert columns["label"] == [{"label": "b", "kind": "x"}]
    assert columns["target_label"] == ["b"]
    assert columns["probability"] == [pytest.approx(0.75 * 0.8)]


def test_the_tasks_are_found_each_for_itself_and_stay_what_they_are():
    targets = [{"topic": "ab"[i % 2], "price": i / 7, "tags": ["x", "y"][: i % 3] or None} for i in range(30)]
    task, why = choose_task(targets)
    assert isinstance(task, MultiTask)
    assert [each.name for each in task.tasks.values()] == ["classification", "regression", "multi_label"]
    assert "topic (classification: 2 classes found)" in why
    again = task.anew([{**target, "price": round(target["price"])} for target in targets])
    assert again.tasks["price"].name == "regression"  # though these numbers read as classes


def test_mistakes_name_the_target():
    assert TASK.problem({"team": "c", "price": "dear"}) == (
        "team: the class 'c' was not among the 2 of training.; price: 'dear' is not a number"
    )
    assert "every target is missing" in (TASK.problem({"team": None}) or "")
    with pytest.raises(InputError, match="team: Classification needs at least two classes"):
        TASK.anew([{"team": "a", "price": 1.0}, {"team": "a", "price": 2.0}])


def test_strata_are_combinations_and_of_rare_ones_the_rarest_value():
    targets = [{"team": "a", "price": 1.0}] * 6 + [{"team": "b", "price": None}] * 2
    strata = TASK.strata(targets)
    assert strata[0] == "team a, price all numbers"
    assert strata[-1] == "team b"
