"""The two-covariance discriminant against values by hand and scikit-learn's linear discriminant analysis."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from torch import Tensor

from headstart.strategies._discriminant import Discriminant, Scatter


def with_bias(features: list[list[float]] | np.ndarray) -> Tensor:
    rows = torch.as_tensor(np.asarray(features)).float()
    return torch.cat([rows, torch.ones(len(rows), 1)], dim=1)


def test_one_feature_by_hand():
    """Two examples each at 10 ± 1 and -10 ± 1: within (4 · 1) / 2 = 2, Σ n μ² = 400, or 200 in units of it.

    ψ = (200 - 1) / (4 - 8 / 4) = 99.5; the expected mean is 10 · 199 / 200 and the variance 2 (1 + 99.5 / 200).
    """
    coordinates, classes = with_bias([[11.0], [9.0], [-9.0], [-11.0]]), torch.tensor([0, 0, 1, 1])
    scatter = Scatter.of(coordinates, classes, 2)
    assert scatter.within.item() == pytest.approx(2)
    assert scatter.between.item() == pytest.approx(400)
    found = Discriminant.of(scatter, 0.5)
    assert found.between.item() == pytest.approx(99.5)
    head = found.head(coordinates, classes, torch.ones(4), 2)
    weight = 9.95 / (2 * (1 + 99.5 / 200))
    np.testing.assert_allclose(head, [[weight, 0], [-weight, 0]], rtol=1e-5, atol=1e-6)


def test_shrinkage_takes_the_covariance_to_its_mean_variance():
    """Rests (±3, 0) and (0, ±1) about either mean: within is Σ 2 · (9, 1) · 2 / 6, and gone halfway to its mean."""
    rests = np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    coordinates = with_bias(np.concatenate([rests, rests + 100]))
    scatter = Scatter.of(coordinates, torch.arange(8) // 4, 2)
    np.testing.assert_allclose(scatter.within, np.diag([6, 2 / 3]), atol=1e-9)
    found = Discriminant.of(scatter, 0.5)
    wanted = np.diag([(6 + 10 / 3) / 2, (2 / 3 + 10 / 3) / 2])
    np.testing.assert_allclose(torch.linalg.inv(found.axes @ found.axes.T), wanted, atol=1e-6)


def test_with_many_examples_of_classes_far_apart_it_is_fishers():
    random = np.random.default_rng(0)
    classes = np.arange(6000) % 3
    features = random.normal(0, 30, (3, 4))[classes] + random.normal(0, 1, (6000, 4)) @ random.normal(0, 1, (4, 4))
    coordinates = with_bias(features)
    scatter = Scatter.of(coordinates, torch.from_numpy(classes), 3)
    # Three classes spread along two axes: on the others nothing is known of how they differ.
    head = Discriminant.of(scatter, 1e-6).head(coordinates, torch.from_numpy(classes), torch.ones(6000), 3)
    outputs = coordinates @ head.T
    wanted = LinearDiscriminantAnalysis().fit(features, classes).predict_proba(features)
    np.testing.assert_allclose(torch.softmax(outputs, dim=1), wanted, atol=0.02)


def test_a_rare_class_promises_less_and_one_without_examples_nothing():
    random = np.random.default_rng(0)
    classes = torch.tensor([0] * 20 + [1])
    coordinates = with_bias(np.concatenate([random.normal(1, 1, (20, 5)), np.full((1, 5), -1.0)]))
    other = torch.arange(200) // 10
    others = with_bias(random.normal(0, 1, (20, 5))[other] + random.normal(0, 1, (200, 5)))
    found = Discriminant.of(Scatter.of(others, other, 20), 0.01)
    rare = found.head(coordinates, classes, torch.ones(21), 3)
    assert not rare[2, :-1].any()
    assert torch.isfinite(rare).all()
    again = with_bias(np.concatenate([random.normal(1, 1, (20, 5)), np.full((20, 5), -1.0)]))
    often = found.head(again, torch.arange(40) // 20, torch.ones(40), 3)
    assert rare[1, :-1].norm() < often[1, :-1].norm()


def test_an_example_that_weighs_nothing_is_left_out_and_weights_make_a_class_likely():
    random = np.random.default_rng(0)
    classes = torch.arange(60) % 3
    coordinates = with_bias(random.normal(0, 3, (3, 4))[classes] + random.normal(0, 1, (60, 4)))
    found = Discriminant.of(Scatter.of(coordinates, classes, 3), 0.1)
    seen = (torch.arange(60) >= 10).float()
    left_out = found.head(coordinates, classes, seen, 3)
    torch.testing.assert_close(left_out, found.head(coordinates[10:], classes[10:], torch.ones(50), 3))
    heavier = found.head(coordinates, classes, torch.where(classes == 0, 3.0, 1.0), 3)
    plain = found.head(coordinates, classes, torch.ones(60), 3)
    gained = (heavier - plain)[:, -1]
    assert float(gained[0] - gained[1]) == pytest.approx(math.log(60.5 / 20.5), abs=1e-4)


def test_classes_of_one_example_each_are_no_harm():
    coordinates = with_bias(np.eye(4))
    scatter = Scatter.of(coordinates, torch.arange(4), 4)
    head = Discriminant.of(scatter, 0.1).head(coordinates, torch.arange(4), torch.ones(4), 4)
    assert torch.isfinite(head).all()
