"""What every task promises; a new task joins by a list of targets that it suits."""

import json

import numpy as np
import pytest
import torch

from headstart.core.errors import UsageError
from headstart.core.statistics import bootstrap_draws
from headstart.tasks import TASKS, task_from_description
from headstart.tasks.base import Task

GENERATOR = np.random.default_rng(0)
TARGET_LISTS = [
    ["cat", "dog", "cat", "bird", "dog", "cat"] * 5,
    [3, 1, 2, 1, 1, 3] * 5,
    [True, False, True] * 10,
    [["a", "b"], ["a"], [], ["c", "b"], ["c"], ["a", "c"]] * 5,
    ["x|y", "x", "y", "z|x", "z", "y|z"] * 5,
    GENERATOR.normal(20, 5, size=30).tolist(),
    [str(age) for age in GENERATOR.permutation(30) + 40],
    [{"kind": "cat" if row % 3 else "dog", "age": 1.5 * row, "marks": ["a", "b"][: row % 3]} for row in range(30)],
]
CASES = [
    pytest.param(name, targets, id=f"{name}-{targets[0]!s:.20}")
    for name in TASKS.names()
    for targets in TARGET_LISTS
    if TASKS.load(name).suits(targets)[0] > 0.5
]
cases = pytest.mark.parametrize(("name", "targets"), CASES)
ANSWERS_WITH_A_PLACE = {"detection", "instances", "segmentation"}
"""Their outputs are maps, of which not all of this holds; they are tested in ``tests/tasks``."""


def made(name, targets):
    """The task, its encoded targets, and outputs (N, C) that are neither good nor hopeless."""
    task = TASKS.load(name).from_targets(targets)
    outputs = torch.randn(len(targets), task.outputs, generator=torch.Generator().manual_seed(0))
    return task, task.encode(targets), outputs


def test_every_task_has_cases() -> None:
    assert set(TASKS.names()) - {str(case.values[0]) for case in CASES} == ANSWERS_WITH_A_PLACE


@cases
def test_it_is_named_after_its_file_and_survives_json(name, targets):
    task, encoded, _ = made(name, targets)
    assert task.name == name
    assert task.noun
    again = task_from_description(json.loads(json.dumps(task.describe())))
    assert type(again) is type(task)
    assert again.describe() == task.describe()
    assert torch.equal(again.encode(targets), encoded)


@cases
def test_targets_come_back_from_the_outputs_that_fit_them_best(name, targets):
    task, encoded, _ = made(name, targets)
    outputs = torch.zeros(len(targets), task.outputs, requires_grad=True)
    optimizer = torch.optim.LBFGS([outputs], lr=1.0, max_iter=200, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = task.loss(outputs, encoded)
        loss.backward()
        return loss

    optimizer.step(closure)
    decoded = task.decode(outputs.detach(), {}).columns["label"]
    assert torch.allclose(task.encode(decoded), encoded, atol=1e-2)
    # Regression is never exact to the last bit, hence not zero.
    assert task.mistakes(outputs.detach(), encoded).max() < 1e-2


@cases
def test_targets_are_checked_and_encoded_by_example(name, targets):
    task, encoded, _ = made(name, targets)
    assert [task.problem(target) for target in targets] == [None] * len(targets)
    assert task.problem(None)
    assert len(encoded) == len(targets)
    assert task.head(7)(torch.zeros(3, 7)).shape == (3, task.outputs)
    assert len(task.strata(targets)) == len(targets)
    assert sum(count for _, count in task.summary(targets)) >= len(targets)
    assert all(isinstance(task.say(target), str) for target in targets)


@cases
def test_the_loss_is_a_scalar_linear_in_the_weights(name, targets):
    task, encoded, outputs = made(name, targets)
    a, b = torch.rand(2, len(targets), generator=torch.Generator().manual_seed(1))
    for smoothing in (0.0, 0.1):
        plain = task.loss(outputs, encoded, smoothing=smoothing)
        assert plain.shape == ()
        assert torch.allclose(task.loss(outputs, encoded, torch.ones(len(targets)), smoothing), plain)
        apart = 2 * task.loss(outputs, encoded, a, smoothing) + 3 * task.loss(outputs, encoded, b, smoothing)
        assert torch.allclose(task.loss(outputs, encoded, 2 * a + 3 * b, smoothing), apart)


@cases
def test_the_loss_is_convex_in_the_outputs(name, targets):
    task, encoded, outputs = made(name, targets)
    other = torch.randn(outputs.shape, generator=torch.Generator().manual_seed(2)) * 3
    middle = task.loss((outputs + other) / 2, encoded)
    assert middle <= (task.loss(outputs, encoded) + task.loss(other, encoded)) / 2


@cases
def test_balance_has_mean_one(name, targets):
    task, encoded, _ = made(name, targets)
    weights = task.balance(encoded)
    assert weights.shape in {(len(targets),), (len(targets), len(task.parts(encoded)))}
    assert (weights > 0).all()
    assert weights.mean().item() == pytest.approx(1.0)


@cases
def test_figures_are_named_bounded_and_remeasured(name, targets):
    task, encoded, outputs = made(name, targets)
    figures = task.metrics(outputs, encoded)
    assert set(figures) == set(task.higher_is_better)
    assert task.watched in task.guarded
    assert set(task.guarded) <= set(figures)
    draws = bootstrap_draws(len(targets), count=50)
    for figure_name, figure in figures.items():
        assert figure.low <= figure.value <= figure.high
        everyone = task.measure(figure_name, outputs, encoded, np.arange(len(targets))[None])
        assert everyone.shape == (1,)
        assert everyone[0] == pytest.approx(figure.value), figure_name
        assert task.measure(figure_name, outputs, encoded, draws).shape == (50,)


@cases
def test_calibration_is_json_and_predictions_have_the_promised_columns(name, targets):
    task, encoded, outputs = made(name, targets)
    calibration = json.loads(json.dumps(task.calibrate(outputs, encoded)))
    assert task.calibrated(outputs, calibration).shape == outputs.shape
    predictions = task.decode(outputs, calibration)
    columns = list(predictions.columns)
    assert columns[:2] == ["label", "probability"] or (columns[0] == "label" and "probability" not in columns)
    assert not all(p is None for p in predictions.columns.get("probability", [0.5])), "an empty column says nothing"
    assert len(predictions) == len(predictions.rows()) == len(targets)
    assert all(p is None or 0 <= p <= 1 for p in predictions.probability)
    json.dumps(predictions.rows())
    mistakes = task.mistakes(outputs, encoded)
    assert mistakes.shape == (len(targets),)
    assert (mistakes >= 0).all()
    for row in task.per_label(outputs, encoded):
        assert {"label", "examples"} <= set(row)


@cases
def test_half_precision_outputs_are_taken(name, targets):
    task, encoded, outputs = made(name, targets)
    rough = outputs.to(torch.bfloat16)
    assert len(task.decode(rough, task.calibrate(rough, encoded))) == len(targets)
    assert set(task.metrics(rough, encoded)) == set(task.higher_is_better)


@cases
def test_it_takes_labels_in_or_says_why_not(name, targets):
    task, _, _ = made(name, targets)
    if type(task).extended is Task.extended:
        with pytest.raises(UsageError, match=task.name.replace("_", " ")):
            task.extended(targets)
        return
    more = task.extended([*targets, "a new one"])
    assert more.outputs == task.outputs + 1
    assert torch.equal(more.encode(targets), task.encode(targets))
