"""The linear head against scikit-learn's logistic regression and ridge regression by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from headstart.strategies import _linear_head
from headstart.strategies._linear_head import Solution, Standardised, fit_linear_head
from headstart.tasks import TASKS
from headstart.tasks.base import Task


def classes(count: int, width: int, kinds: int = 3, seed: int = 0) -> tuple[Task, Tensor, Tensor]:
    """Features of unequal scale and place, and overlapping classes."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, kinds, count)
    labels[:kinds] = range(kinds)
    centres = random.normal(0, 1, (kinds, width))
    features = (centres[labels] + random.normal(0, 2, (count, width))) * random.uniform(0.2, 5, width) + 3
    task = TASKS.load("classification").from_targets([f"class {label}" for label in range(kinds)])
    return task, torch.from_numpy(features).float(), task.encode([f"class {label}" for label in labels])


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch):
    """``at(C)`` leaves one strength to choose from."""

    def one(strength: float) -> None:
        monkeypatch.setattr(_linear_head, "STRENGTHS", (strength,))

    return one


def fit(task: Task, features: Tensor, encoded: Tensor, weights: Tensor | None = None) -> Solution:
    return fit_linear_head(task, features, encoded, torch.ones(len(encoded)) if weights is None else weights, seed=0)


def reference(features: Tensor, encoded: Tensor, strength: float, weights: np.ndarray | None = None) -> np.ndarray:
    """scikit-learn's probabilities of the same penalised likelihood, solved to the end."""
    x = StandardScaler().fit_transform(features.double().numpy())
    model = LogisticRegression(C=strength, tol=1e-10, max_iter=10_000)
    return model.fit(x, encoded.numpy(), sample_weight=weights).predict_proba(x)


def probabilities(solution: Solution, features: Tensor) -> np.ndarray:
    outputs = features.double() @ solution.weight.double().T + solution.bias.double()
    return torch.softmax(outputs, dim=1).numpy()


@pytest.mark.parametrize("strength", [0.001, 0.03, 1.0])
@pytest.mark.parametrize(("count", "width"), [(200, 10), (60, 150)])
def test_it_is_scikit_learns_logistic_regression(at, strength: float, count: int, width: int):
    """Also with fewer examples than features, where the features are first turned into as many coordinates."""
    task, features, encoded = classes(count, width)
    at(strength)
    given = probabilities(fit(task, features, encoded), features)
    np.testing.assert_allclose(given, reference(features, encoded, strength), atol=3e-3)


def test_turning_the_features_changes_nothing(at, monkeypatch: pytest.MonkeyPatch):
    task, features, encoded = classes(40, 90)
    at(0.1)
    turned = fit(task, features, encoded)
    space = Standardised.of(features)
    assert space.coordinates.shape[1] <= 40
    plain = (features.double() - space.mean) / space.scale
    monkeypatch.setattr(Standardised, "of", classmethod(lambda cls, _: cls(plain, None, space.mean, space.scale)))
    unturned = fit(task, features, encoded)
    np.testing.assert_allclose(probabilities(turned, features), probabilities(unturned, features), atol=3e-3)


def test_coordinates_turn_back_into_the_features():
    _, features, _ = classes(12, 30)
    space = Standardised.of(features)
    scaled = (features.double() - space.mean) / space.scale
    torch.testing.assert_close(space.coordinates @ space.basis, scaled)
    random = torch.Generator().manual_seed(0)
    weight = torch.randn(space.coordinates.shape[1], 2, generator=random).double()
    bias = torch.randn(2, generator=random).double()
    raw_weight, raw_bias = space.unscaled(weight, bias)
    outputs = features.double() @ raw_weight.double().T + raw_bias.double()
    torch.testing.assert_close(outputs, space.coordinates @ weight + bias, rtol=1e-4, atol=1e-4)


def test_ridge_regression_in_closed_form(at):
    """Mean (xw + b - y)² + λ/2 w² has the minimum w = (2XᵀX/N + λ)⁻¹ 2Xᵀ(y - mean)/N on centred x."""
    random = np.random.default_rng(1)
    features = torch.from_numpy(random.normal(2, 3, (80, 6))).float()
    truth = features.numpy() @ random.normal(0, 1, 6) + random.normal(0, 1, 80)
    task = TASKS.load("regression").from_targets(truth.tolist())
    encoded = task.encode(truth.tolist())
    at(0.05)
    solution = fit(task, features, encoded)
    x = StandardScaler().fit_transform(features.numpy())
    y, penalty = encoded.double().numpy(), 1 / (0.05 * 80)
    w = np.linalg.solve(2 * x.T @ x / 80 + penalty * np.eye(6), 2 * x.T @ (y - y.mean()) / 80)
    given = (features @ solution.weight.T + solution.bias)[:, 0].numpy()
    np.testing.assert_allclose(given, x @ w + y.mean(), atol=2e-3)
    sklearn = Ridge(alpha=penalty * 80 / 2).fit(x, y).predict(x)
    np.testing.assert_allclose(given, sklearn, atol=2e-3)


def test_a_constant_feature_has_no_weight(at):
    task, features, encoded = classes(50, 4)
    features = torch.cat([features, torch.full((50, 1), 7.3), torch.zeros(50, 1)], dim=1)
    at(1.0)
    solution = fit(task, features, encoded)
    assert torch.isfinite(solution.weight).all()
    assert torch.equal(solution.weight[:, 4:], torch.zeros(3, 2))
    assert solution.weight[:, :4].abs().min() > 0


def test_weights_of_examples_are_honoured(at):
    task, features, encoded = classes(120, 5)
    weights = torch.where(encoded == 0, 1.8, 0.2)
    at(1.0)
    weighted = probabilities(fit(task, features, encoded, weights), features)
    wanted = reference(features, encoded, 1.0, weights.numpy())
    np.testing.assert_allclose(weighted, wanted, atol=3e-3)
    plain = probabilities(fit(task, features, encoded), features)
    assert np.abs(weighted - plain).max() > 0.1


def test_the_strength_is_that_of_least_held_out_loss_and_each_example_is_held_out_once():
    task, features, encoded = classes(90, 40)
    solution = fit(task, features, encoded)
    assert solution.strength == _linear_head.STRENGTHS[int(np.argmin(solution.scores))]
    folds = _linear_head._folds(17, 5, seed=3)
    assert sorted(np.concatenate(folds).tolist()) == list(range(17))
    assert [len(fold) for fold in folds] == [4, 4, 3, 3, 3]


def test_noise_is_given_a_strong_penalty_and_a_clear_case_a_weaker_one():
    random = torch.Generator().manual_seed(0)
    task, _, encoded = classes(120, 1, kinds=2)
    noise = torch.randn(120, 30, generator=random)
    clear = torch.nn.functional.one_hot(encoded, 2) * 3 + torch.randn(120, 2, generator=random)
    assert fit(task, noise, encoded).strength < 0.05 < fit(task, clear, encoded).strength


def test_the_same_seed_gives_the_same_head():
    task, features, encoded = classes(60, 20)
    first, second = fit(task, features, encoded), fit(task, features, encoded)
    assert torch.equal(first.weight, second.weight)
    assert first.scores == second.scores
