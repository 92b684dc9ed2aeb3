"""Outliers planted in made features."""

import numpy as np
import pytest

from diagnosis.made import evidence
from headstart.diagnosis.outliers import Outliers, _spread


def classes(count=100, seed=0):
    """Two classes of directions (2 x count, 32), each around its own centre, the second three times as wide."""
    generator = np.random.default_rng(seed)
    centres = 4 * np.eye(32)[:2]
    return np.concatenate([centres[k] + (0.2, 0.6)[k] * generator.standard_normal((count, 32)) for k in (0, 1)])


def test_what_is_unlike_its_class_is_found():
    features = classes()
    features[7] = 4 * np.eye(32)[5]
    features[150] = -4 * np.eye(32)[1]
    targets = {"train": ["a"] * 100 + ["b"] * 100}
    (finding,) = Outliers().examine(evidence(targets, features={"train": features}))
    assert {example.id for example in finding.examples} == {"train-7", "train-150"}
    assert finding.severity == "info"
    assert "2 examples of 200 (1.0 %) are unlike all others" in finding.summary
    scores = [example.score for example in finding.examples]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score < 1 for score in scores)


def test_a_stratum_that_is_all_there_is_is_no_class():
    """As of masks, which have no class a picture."""
    features = classes()[:100]
    features[7] = 4 * np.eye(32)[5]
    (finding,) = Outliers().examine(evidence({"train": ["masks"] * 100}, features={"train": features}))
    assert "is unlike all others, above all train-7: " in finding.summary


def test_a_class_that_is_wide_has_no_outliers_for_it():
    assert Outliers().examine(evidence({"train": ["a"] * 100 + ["b"] * 100}, features={"train": classes()})) == []


def test_small_classes_and_missing_features_are_left_out():
    targets = {"train": ["a"] * 9}
    features = np.concatenate([np.ones((8, 4)), -np.ones((1, 4))])
    assert Outliers().examine(evidence(targets, features={"train": features})) == []
    assert (
        Outliers().examine(evidence({"train": ["a"] * 40, "test": ["a"] * 40}, features={"train": classes()[:40]}))
        == []
    )


def test_many_outliers_are_a_warning():
    features = classes()
    features[:3] = 4 * np.eye(32)[[8, 9, 10]]
    features[100:102] = -4 * np.eye(32)[[11, 12]]
    (finding,) = Outliers().examine(evidence({"train": ["a"] * 100 + ["b"] * 100}, features={"train": features}))
    assert finding.severity == "warning"  # 5 of 200


def test_the_spread_is_that_of_the_upper_side():
    """Of the deviations -9, -1, 1, 2 and 3 1, 2 and 3 lie above; their median times 1.4826 is 2.9652."""
    assert _spread(np.array([-9.0, -1.0, 0.0, 1.0, 2.0, 3.0])) == pytest.approx(2.9652)
    assert _spread(np.zeros(4)) == 0.0


def test_a_burst_of_like_pictures_hides_no_outlier():
    """Half of a class is close together: with the spread of both sides the one far off looked usual."""
    generator = np.random.default_rng(1)
    centre = 4 * np.eye(32)[0]
    burst = centre + 0.5 * np.eye(32)[1] + 0.01 * generator.standard_normal((40, 32))
    others = centre + 0.4 * generator.standard_normal((40, 32))
    features = np.concatenate([burst, others])
    features[79] = 4 * np.eye(32)[5]
    (finding,) = Outliers().examine(evidence({"train": ["a"] * 80}, features={"train": features}))
    assert finding.examples[0].id == "train-79"
