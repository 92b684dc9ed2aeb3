"""AUROC, operating points and their intervals: by hand, by scikit-learn, and by how often they hold the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score, roc_curve

from headstart.core.by_class import Wanted
from headstart.core.errors import UsageError
from headstart.core.results import ExampleCounts, FitResult, Seconds
from headstart.core.spec import FitSpec
from headstart.core.statistics import Z_95
from headstart.experiment.operating_points import check_wanted
from headstart.tasks._against_rest import auroc, by_class, reaching, thresholds, wanted_thresholds, youden
from headstart.tasks.classification import Classification
from headstart.tasks.multi_label import MultiLabel


def test_auroc_by_hand() -> None:
    """Pairs of a member and another: (0.9, 0.5) and (0.9, 0.4) right, (0.4, 0.5) wrong, (0.4, 0.4) half: 2.5 of 4."""
    found = auroc(np.array([0.9, 0.4, 0.5, 0.4]), np.array([True, True, False, False]))
    assert found.value == 2.5 / 4


def test_auroc_is_scikit_learns_and_its_bounds_solve_newcombes_equation() -> None:
    random = np.random.default_rng(0)
    for members, others in [(5, 40), (30, 30), (200, 3)]:
        truth = np.array([True] * members + [False] * others)
        scores = np.round(random.normal(truth * 1.0, 1), 1)  # with ties
        found = auroc(scores, truth)
        assert found.value == pytest.approx(roc_auc_score(truth, scores))
        assert 0 < found.low < found.value < found.high < 1
        half = (members + others) / 2 - 1
        for theta in found[1:]:
            inner = 1 + half * (1 - theta) / (2 - theta) + half * theta / (1 + theta)
            variance = theta * (1 - theta) * inner / (members * others)
            assert abs(found.value - theta) == pytest.approx(Z_95 * math.sqrt(variance), rel=1e-6)


def test_no_pair_wrong_is_no_point() -> None:
    truth = np.array([True] * 10 + [False] * 10)
    perfect, hopeless = auroc(truth.astype(float), truth), auroc(1.0 - truth, truth)
    assert perfect.value == perfect.high == 1
    assert 0.6 < perfect.low < 0.95
    assert hopeless == pytest.approx([0, 0, 1 - perfect.low])
    alone = auroc(np.array([0.1, 0.2]), np.array([True, True]))
    assert math.isnan(alone.value)
    assert alone[1:] == (0, 1)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Two normal distributions a deviation apart have AUROC Φ(1 / √2) = 0.7602."""
    random, truth, held = np.random.default_rng(0), np.array([True] * 15 + [False] * 40), 0
    for _ in range(1000):
        _, low, high = auroc(random.normal(truth * 1.0, 1), truth)
        held += low <= 0.76025 <= high
    assert 0.93 <= held / 1000 <= 0.98


def test_youdens_threshold_by_hand_and_by_scikit_learn() -> None:
    """From 0.6 on: both members and one other of three, 1 - 1/3; from 0.8 on: one and none, 1/2."""
    scores, truth = np.array([0.8, 0.6, 0.7, 0.3, 0.1]), np.array([True, True, False, False, False])
    assert youden(scores, truth) == pytest.approx((0.6 + 0.3) / 2)
    random = np.random.default_rng(1)
    truth = random.random(300) < 0.3
    scores = random.normal(truth * 1.5, 1)
    chosen = scores >= youden(scores, truth)
    false, true, _ = roc_curve(truth, scores)
    assert chosen[truth].mean() - chosen[~truth].mean() == pytest.approx((true - false).max())
    assert youden(np.full(4, 0.5), np.array([True, False, True, False])) == 0.5


def test_classes_by_hand() -> None:
    """Wilson's intervals are tested elsewhere; 2 of 3 and 1 of 2 are taken for a, none of the other."""
    scores = np.array([[0.9, 0.1], [0.6, 0.4], [0.4, 0.6], [0.7, 0.3], [0.2, 0.8]])
    truth = np.array([[True, False]] * 3 + [[False, True]] * 2)
    found = by_class(["a", "b"], scores, truth, scores > 0.5, {"threshold_0": 0.35})
    assert found is not None
    assert found["sensitivity"]["a"][0] == pytest.approx(2 / 3)
    assert found["specificity"]["a"][0] == found["sensitivity"]["b"][0] == 0.5
    assert found["auroc"]["a"] == found["auroc"]["b"]
    assert set(found["operating_point"]) == {"a"}
    point = found["operating_point"]["a"]
    assert (point["threshold"], point["sensitivity"][0], point["specificity"][0]) == (0.35, 1.0, 0.5)


def test_thresholds_are_those_of_what_calibrates_and_of_classes_met_there() -> None:
    truth = np.array([[True, False, False]] * 2 + [[False, True, False]] * 2)
    scores = np.array([[0.8, 0.1, 0.1], [0.7, 0.2, 0.1], [0.4, 0.5, 0.1], [0.1, 0.8, 0.1]])
    assert thresholds(scores, truth) == pytest.approx({"threshold_0": 0.55, "threshold_1": 0.35})
    assert thresholds(np.zeros((4, 201)), np.zeros((4, 201), bool)) == {}


@pytest.mark.parametrize("task", [Classification(["a", "b"], [5, 5]), MultiLabel(["a", "b"], [5, 5])])
def test_tasks_with_classes_say_it_and_results_keep_it(task) -> None:
    encoded = task.encode(["a", "b"] * 5)
    outputs = torch.randn(10, 2, generator=torch.Generator().manual_seed(0))
    calibration = task.calibrate(outputs, encoded)
    found = task.by_class(task.calibrated(outputs, calibration), encoded, calibration)
    assert set(found["auroc"]) == {"a", "b"}
    assert set(found["operating_point"]) == {"a", "b"}
    figures = task.metrics(outputs, encoded)
    result = FitResult("", "", "", 0, [], "", figures, Seconds(), ExampleCounts(), by_class=found)
    plain = result.to_json()
    assert list(plain["test"]) == [*figures, "auroc", "sensitivity", "specificity", "operating_point"]
    assert FitResult.from_json(plain) == result
    assert FitResult.from_json(plain).test == figures


def test_two_classes_have_a_line_of_precision_against_recall_and_three_have_none() -> None:
    """Probabilities of b: 0.9, 0.6, 0.4, 0.2; b, a, b, a are true. From one half on b is found once of two."""
    task = Classification.from_targets(["a", "b"])
    odds = torch.log(torch.tensor([9.0, 1.5, 2 / 3, 0.25]))
    outputs = torch.stack([torch.zeros(4), odds], dim=1)
    first, second = task.trade_offs(outputs, task.encode(["b", "a", "b", "a"]))
    assert (first.label, second.label) == ("a", "b")
    assert (second.found, second.missed, second.alarms) == (1, 1, 1)
    assert second.points == [pytest.approx(p) for p in [(1 / 2, 1.0), (1 / 2, 1 / 2), (1.0, 2 / 3), (1.0, 2 / 4)]]
    three = Classification.from_targets(["a", "b", "c"])
    assert three.trade_offs(torch.zeros(3, 3), three.encode(["a", "b", "c"])) == []


def test_each_label_of_a_set_has_one() -> None:
    task = MultiLabel.from_targets(["a|b", "b", "a", ""])
    outputs = torch.tensor([[2.0, 1.0], [-1.0, -2.0], [3.0, -3.0], [-2.0, 2.0]])
    first, second = task.trade_offs(outputs, task.encode(["a|b", "b", "a", ""]))
    assert (first.found, first.missed, first.alarms) == (2, 0, 0)
    assert (second.found, second.missed, second.alarms) == (1, 1, 1)


@pytest.mark.parametrize(
    ("figure", "share", "expected"),
    [
        ("sensitivity", 0.5, 0.75),  # two of four members, 0.9 and 0.8; the next score is 0.7
        ("sensitivity", 0.51, 0.55),  # three of four: down to 0.6, and 0.5 is next
        ("sensitivity", 1.0, 0.35),
        ("specificity", 0.5, 0.6),  # one of two others, 0.5; the next score is 0.7, so half way
        ("specificity", 1.0, 0.75),
    ],
)
def test_a_wanted_figure_is_reached_at_the_least_cost(figure: str, share: float, expected: float) -> None:
    scores = np.array([0.9, 0.8, 0.6, 0.4, 0.7, 0.5, 0.3])
    truth = np.array([True, True, True, True, False, False, False])
    if figure == "specificity":
        scores, truth = np.array([0.9, 0.8, 0.4, 0.7, 0.5]), np.array([True, True, True, False, False])
    assert reaching(scores, truth, Wanted(figure, share)) == pytest.approx(expected)


def test_where_no_score_lies_beyond_the_threshold_still_keeps_the_promise() -> None:
    scores, truth = np.array([0.2, 0.6, 0.9]), np.array([True, False, False])
    assert (scores[truth] >= reaching(scores, truth, Wanted("sensitivity", 1.0))).all()
    assert (scores[~truth] < reaching(scores, truth, Wanted("specificity", 1.0))).all()


def test_a_figure_is_not_wanted_of_more_classes_than_have_thresholds() -> None:
    task, spec = Classification(list(range(201)), [5] * 201), FitSpec("scans.csv", sensitivity=0.95)
    with pytest.raises(UsageError, match=r"--sensitivity chooses .* up to 200 classes, and these are 201: leave"):
        check_wanted(task, spec)
    check_wanted(Classification(list(range(200)), [5] * 200), spec)
    check_wanted(task, FitSpec("scans.csv"))


def test_what_was_wanted_stands_in_each_operating_point() -> None:
    scores, truth = np.array([[0.9], [0.6], [0.2]]), np.array([[True], [True], [False]])
    calibration = wanted_thresholds(scores, truth, Wanted("sensitivity", 0.95))
    found = by_class(["a"], scores, truth, scores > 0.5, calibration)
    assert found is not None
    point = found["operating_point"]["a"]
    assert point["at_least"] == {"sensitivity": 0.95}
    assert point["threshold"] == pytest.approx(0.4)
    assert point["sensitivity"][0] == 1.0
