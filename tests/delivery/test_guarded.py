"""What the guard adds to predictions: sets, strangeness, and empty answers where they are due."""

from __future__ import annotations

import numpy as np
import pytest

from headstart.core.errors import UsageError
from headstart.delivery.guard import Guard
from headstart.delivery.guarded import Care, Looked, guarded, label_sets, unsure, without
from headstart.tasks.base import Predictions

LABELS = ["a", "b", "c"]
P = np.array([[0.85, 0.1, 0.05], [0.5, 0.45, 0.05], [0.05, 0.9, 0.05]])
PREDICTIONS = Predictions({"label": ["a", "a", "b"], "probability": [0.85, 0.5, 0.9]})
LOOKED = Looked(np.array([0.1, 0.2, 3.0]), np.array([[0, 1], [1, 0], [1, 0]]))


def guard(scores: np.ndarray, classes: tuple[int, ...] = (0, 1)) -> Guard:
    nothing = np.zeros(0)
    return Guard(
        depths=["last"], familiar=[np.eye(2, dtype=np.float16)], ids=["x.jpg", "y.jpg"], targets=["a", "b"],
        threshold=1.0, held_out=np.zeros((2, 2), np.float16), held_out_places=nothing, scores=scores,
        confidence=nothing, right=nothing, classes=np.array(classes, np.int64), shares=nothing,
    )  # fmt: skip


SCORES = np.linspace(0.06, 0.6, 10)
"""0.06, 0.12 … 0.6: at a coverage of 0.9 the ⌈11 · 0.9⌉ = 10th is the bar, at 0.5 the ⌈5.5⌉ = 6th, 0.36."""


def test_columns_stand_behind_those_of_the_task() -> None:
    columns = guarded(PREDICTIONS, P, LABELS, guard(SCORES), LOOKED, Care()).columns
    assert list(columns) == ["label", "probability", "set", "unfamiliar", "is_unfamiliar", "nearest"]
    assert columns["set"] == ["a", "a|b", "b"]
    assert columns["unfamiliar"] == [0.1, 0.2, 3.0]
    assert columns["is_unfamiliar"] == [False, False, True]
    assert columns["nearest"] == [["x.jpg", "y.jpg"], ["y.jpg", "x.jpg"], ["y.jpg", "x.jpg"]]


def test_coverage_makes_sets_smaller_and_larger() -> None:
    assert label_sets(guard(SCORES), P, 0.5).sum(axis=1).tolist() == [1, 0, 1]
    assert label_sets(guard(SCORES), P, 0.99).all()


def test_no_answer_where_unfamiliar_or_of_several_minds() -> None:
    columns = guarded(PREDICTIONS, P, LABELS, guard(SCORES), LOOKED, Care(abstain=True)).columns
    assert columns["label"] == ["a", None, None]
    assert columns["probability"] == [0.85, None, None]
    assert columns["set"] == ["a", "a|b", "b"]


def test_no_answer_where_no_label_is_likely_enough() -> None:
    """At a coverage of 0.5 the bar is 0.36, which neither 0.5 nor 0.45 passes: the least sure of the three."""
    columns = guarded(PREDICTIONS, P, LABELS, guard(SCORES), LOOKED, Care(coverage=0.5, abstain=True)).columns
    assert columns["set"] == ["a", "", "b"]
    assert columns["label"] == ["a", None, None]


def test_several_labels_that_are_predicted_are_an_answer() -> None:
    p = np.array([[0.9, 0.8, 0.1], [0.9, 0.45, 0.1], [0.1, 0.2, 0.1]])
    seen = Looked(np.zeros(3), LOOKED.nearest)
    columns = guarded(PREDICTIONS, p, LABELS, guard(SCORES, classes=()), seen, Care(abstain=True))
    assert columns.columns["set"] == ["a|b", "a|b", ""]
    assert [label is None for label in columns.columns["label"]] == [False, True, False]


def test_numbers_have_no_set() -> None:
    columns = guarded(PREDICTIONS, None, [], guard(np.zeros(0)), LOOKED, Care(abstain=True)).columns
    assert "set" not in columns
    assert columns["label"] == ["a", "a", None]


def test_no_answer_below_a_probability() -> None:
    assert unsure(PREDICTIONS, 0.85).tolist() == [False, True, False]
    assert without(PREDICTIONS, unsure(PREDICTIONS, 0.85)).columns["label"] == ["a", None, "b"]
    with pytest.raises(UsageError, match="no probabilities"):
        unsure(Predictions({"label": [1.5], "probability": [None]}), 0.5)
    with pytest.raises(
        UsageError, match=r"no probability of the whole answer \(there is kind_probability\), so none"
    ):
        unsure(Predictions({"label": [{}], "price": [1.5], "kind": ["a"], "kind_probability": [0.9]}), 0.5)


@pytest.mark.parametrize("settings", [{"coverage": 0.0}, {"coverage": 1.0}, {"coverage": 90}, {"below": 1.1}])
def test_shares_lie_between_0_and_1(settings: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="not between 0 and 1"):
        Care(**settings)
