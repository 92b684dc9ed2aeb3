"""The estimator keeps scikit-learn's conventions, and works where they do."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score

from headstart import HeadstartClassifier, HeadstartRegressor
from headstart.core.errors import InputError
from small_world import PROBE, pixels, texts

SETTINGS = {"backbone": "tiny_bert", "strategy": PROBE[1]}


@pytest.mark.parametrize("kind", [HeadstartClassifier, HeadstartRegressor])
def test_parameters_are_only_stored(kind: type) -> None:
    estimator = kind(budget="5m", seed=3)
    assert estimator.get_params()["budget"] == "5m"
    copy = clone(estimator.set_params(seed=4))
    assert copy.get_params() == estimator.get_params()
    assert copy.seed == 4
    with pytest.raises(NotFittedError):
        copy.predict(["a text"])
    assert (is_classifier(copy), is_regressor(copy)) == (kind is HeadstartClassifier, kind is HeadstartRegressor)


def test_a_classifier_of_texts(at_hand: object) -> None:
    inputs, topics = map(list, zip(*texts(45), strict=True))
    estimator = HeadstartClassifier(**SETTINGS)
    assert estimator.fit(inputs, topics) is estimator
    assert estimator.classes_.tolist() == ["animals", "films", "learning"]
    assert estimator.predict_proba(inputs).shape == (45, 3)
    assert estimator.predict(inputs).tolist() == topics
    assert estimator.score(inputs, topics) == 1.0
    assert estimator.model_.result.examples.test == 0  # scoring is the caller's


@pytest.mark.parametrize(
    "classes",
    [[True, False], ["0", "1"], [0, 1], [0.0, 1.0], ["1.0", "2e0"], ["+1", "-1"], ["1", "2.5"], ["yes", "no "]],
)
def test_classes_come_back_as_they_were_given(at_hand: object, classes: list[object]) -> None:
    inputs, topics = map(list, zip(*texts(30), strict=True))
    y = [classes[topic == "films"] for topic in topics]
    estimator = HeadstartClassifier(**SETTINGS).fit(inputs, y)
    assert sorted(estimator.classes_.tolist()) == sorted(classes)  # type: ignore[type-var]
    assert estimator.classes_.dtype == np.asarray(classes).dtype
    assert estimator.predict(inputs).tolist() == y
    assert estimator.score(inputs, y) == 1.0


def test_cross_validation_over_arrays(at_hand: object) -> None:
    """Two folds of pictures as one array and numbers as classes: nothing tells them apart but their colour."""
    random = np.random.default_rng(0)
    y = np.arange(36) % 3
    pictures = np.stack([pixels(channel, random) for channel in y])
    scores = cross_val_score(HeadstartClassifier("tiny_resnet", PROBE[1]), pictures, y, cv=2)
    assert scores.shape == (2,)
    assert scores.min() > 0.6


def test_a_regressor(at_hand: object) -> None:
    inputs, topics = map(list, zip(*texts(45), strict=True))
    size = {"animals": 1.0, "films": 5.0, "learning": 9.0}
    y = np.array([size[topic] for topic in topics]) + np.arange(45) / 100
    estimator = HeadstartRegressor(**SETTINGS).fit(inputs, y)
    predicted = estimator.predict(inputs)
    assert predicted.shape == (45,)
    assert predicted.dtype == float
    assert estimator.score(inputs, y) > 0.8  # R²
    assert not hasattr(estimator, "predict_proba")


def test_mistakes_name_what_is_wrong(at_hand: object) -> None:
    with pytest.raises(InputError, match="3 inputs but 2 targets"):
        HeadstartClassifier(**SETTINGS).fit(["a", "b", "c"], [0, 1])
