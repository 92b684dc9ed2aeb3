"""The linear head against scikit-learn's logistic regression and ridge regression by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from headstart.strategies import _linear_head, _standardised
from headstart.strategies._linear_head import Solution, fit_linear_head
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
    monkeypatch.setattr(_standardised, "TURNED", 0)
    unturned = fit(task, features, encoded)
    np.testing.assert_allclose(probabilities(turned, features), probabilities(unturned, features), atol=3e-3)
    fresh = features + 0.3
    np.testing.assert_allclose(probabilities(turned, fresh), probabilities(unturned, fresh), atol=3e-3)


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
    held_out = _linear_head._held_out(np.arange(17), 5, seed=3)
    assert held_out.sum(0).tolist() == [1.0] * 17
    assert held_out.sum(1).tolist() == [4.0, 4.0, 3.0, 3.0, 3.0]


def test_many_examples_or_outputs_are_held_out_once():
    assert _linear_head._held_out(np.arange(20_000), 1, seed=0).sum(1).tolist() == [4000.0]
    assert [_linear_head._how_many(count, 10) for count in (3, 2_999, 9_999, 10_000)] == [3, 5, 3, 1]
    assert _linear_head._how_many(2_999, 5_000) == 1


@pytest.mark.parametrize("folds", [1, 5])
def test_a_score_is_the_held_out_loss_of_heads_that_never_saw_those_examples(
    at, monkeypatch: pytest.MonkeyPatch, folds: int
):
    """By hand: scikit-learn on each fold's rest, its mean loss weighted by how many it judges."""
    task, features, encoded = classes(100, 12)
    at(0.05)
    monkeypatch.setattr(_linear_head, "FOLDS", ((3_000, folds),))
    monkeypatch.setattr(_linear_head, "COARSE", (1e-8, 100))
    (score,) = fit(task, features, encoded).scores
    x, y = StandardScaler().fit_transform(features.double().numpy()), encoded.numpy()
    losses = []
    for row in _linear_head._held_out(np.arange(100), folds, seed=0).bool().numpy():
        # λ is 1 / (C N) for all N examples, and scikit-learn's is 1 / (C n) for those it sees.
        model = LogisticRegression(C=0.05 * 100 / (~row).sum(), tol=1e-10, max_iter=10_000).fit(x[~row], y[~row])
        losses += [-np.log(model.predict_proba(x[row])[np.arange(row.sum()), y[row]])]
    assert score == pytest.approx(np.concatenate(losses).mean(), abs=1e-3)


def few_of_many(seed: int) -> tuple[Task, Tensor, Tensor, Tensor, Tensor]:
    """Four examples of each of 40 classes, and as many again that are not learnt from."""
    task, features, encoded = classes(320, 20, kinds=40, seed=seed)
    return task, features[:160], encoded[:160], features[160:], encoded[160:]


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """160 × 40 outputs are very many, and a quarter of them tells what suits them."""
    monkeypatch.setattr(_linear_head, "LARGE", 6_399)
    monkeypatch.setattr(_linear_head, "FEW", 1_600)


def test_with_very_many_outputs_a_part_of_the_classes_tells_centre_and_penalty(
    large: None, monkeypatch: pytest.MonkeyPatch
):
    task, features, encoded, _, _ = few_of_many(0)
    seen: list[tuple[int, int]] = []
    folds = _linear_head._folds

    def noted(task: Task, coordinates: Tensor, *others):
        seen.append((len(coordinates), task.outputs))
        return folds(task, coordinates, *others)

    monkeypatch.setattr(_linear_head, "_folds", noted)
    found = fit(task, features, encoded)
    ((rows, outputs),) = seen
    assert outputs == 20
    assert 60 < rows < 100
    assert found.weight.shape == (40, 20)
    assert found.strength == _linear_head.STRENGTHS[int(np.argmin(found.scores))]


def test_how_examples_scatter_is_learnt_from_the_classes_that_do_not_tell(
    large: None, monkeypatch: pytest.MonkeyPatch
):
    task, features, encoded, _, _ = few_of_many(0)
    seen: list[Tensor] = []
    scattered = _linear_head.Scatter.of

    def noted(coordinates: Tensor, classes: Tensor, outputs: int):
        seen.append(classes)
        return scattered(coordinates, classes, outputs)

    monkeypatch.setattr(_linear_head.Scatter, "of", noted)
    fit(task, features, encoded)
    telling = encoded[task.narrowed(encoded, 1_600, 0).rows]
    others, everything = seen
    assert set(others.tolist()) == set(encoded.tolist()) - set(telling.tolist())
    assert len(others) + len(telling) == len(everything) == 160


def test_with_very_many_outputs_a_known_strength_gives_the_same_head(large: None):
    task, features, encoded, _, _ = few_of_many(0)
    found = fit(task, features, encoded)
    again = fit_linear_head(task, features, encoded, torch.ones(160), 0, found.strength)
    assert torch.equal(again.weight, found.weight)


@pytest.mark.parametrize("better", ["nought", "discriminant"])
def test_with_very_many_outputs_what_holds_out_best_is_what_weights_are_counted_from(
    large: None, monkeypatch: pytest.MonkeyPatch, better: str
):
    task, features, encoded, _, _ = few_of_many(0)
    scored, least = _linear_head.Rehearsal._score, 0.0 if better == "discriminant" else 100.0
    monkeypatch.setattr(_linear_head.Rehearsal, "_score", lambda self, *given: least + scored(self, *given) / 1e6)
    begun: list[Tensor] = []
    beyond = _linear_head.Point.beyond
    monkeypatch.setattr(_linear_head.Point, "beyond", lambda *given: begun.append(given[1]) or beyond(*given))
    found = fit(task, features, encoded)
    assert (len(begun[-1]) == 40) is (better == "discriminant")  # 40 classes at once, not some in folds
    again = fit_linear_head(task, features, encoded, torch.ones(160), 0, found.strength)
    assert torch.equal(again.weight, found.weight)


def test_with_very_many_outputs_the_head_is_no_worse_on_examples_it_has_not_seen(
    large: None, monkeypatch: pytest.MonkeyPatch
):
    losses = []
    for seed in range(3):
        task, features, encoded, others, wanted = few_of_many(seed)
        losses.append(float(task.loss(of(fit(task, features, encoded), others), wanted)))
    monkeypatch.undo()
    for seed in range(3):
        task, features, encoded, others, wanted = few_of_many(seed)
        losses.append(float(task.loss(of(fit(task, features, encoded), others), wanted)))
    assert sum(losses[:3]) < sum(losses[3:])


def of(solution: Solution, features: Tensor) -> Tensor:
    """(N, C) outputs."""
    return features @ solution.weight.T + solution.bias


def test_very_many_outputs_that_are_no_single_class_have_their_penalty_counted_from_nought(
    large: None, monkeypatch: pytest.MonkeyPatch
):
    _, features, encoded, _, _ = few_of_many(0)
    labels = [[f"label {place:02d}"] for place in encoded.tolist()]
    task = TASKS.load("multi_label").from_targets(labels)
    targets = task.encode(labels)
    found = fit(task, features, targets)
    monkeypatch.undo()
    exact = fit_linear_head(task, features, targets, torch.ones(160), 0, found.strength)
    np.testing.assert_allclose(of(found, features).sigmoid(), of(exact, features).sigmoid(), atol=0.05)


def test_what_it_will_take_grows_with_every_size():
    sizes = ((600, 1280, 8), (20_000, 384, 10), (20_000, 384, 1000))
    seconds = [_linear_head.predicted_seconds(*size) for size in sizes]
    assert 0.01 < seconds[0] < seconds[1] < seconds[2] < 300
    base = _linear_head.predicted_seconds(600, 384, 8)
    for one in ((1200, 384, 8), (600, 512, 8), (600, 384, 16)):
        assert _linear_head.predicted_seconds(*one) > base, one


def test_very_many_outputs_are_predicted_to_take_as_many_steps_as_they_do():
    """Measured on one core: benchmarks/results/heads.md."""
    assert 30 < _linear_head.predicted_seconds(20_000, 384, 5_000) < 120
    more = _linear_head.predicted_seconds(20_000, 384, 1_500), _linear_head.predicted_seconds(40_000, 384, 5_000)
    assert more[0] < _linear_head.predicted_seconds(20_000, 384, 5_000) < more[1]


def test_noise_is_given_a_strong_penalty_and_a_clear_case_a_weaker_one():
    random = torch.Generator().manual_seed(0)
    task, _, encoded = classes(120, 1, kinds=2)
    noise = torch.randn(120, 30, generator=random)
    clear = torch.nn.functional.one_hot(encoded, 2) * 3 + torch.randn(120, 2, generator=random)
    assert fit(task, noise, encoded).strength < 0.05 < fit(task, clear, encoded).strength


def volumes(count: int = 60, each: int = 9, width: int = 40) -> tuple[Tensor, Tensor, np.ndarray]:
    """Nearly equal rows of each volume (N, D), a class by chance for each, and which volume a row is of."""
    random = np.random.default_rng(0)
    units = np.repeat(np.arange(count), each)
    features = random.normal(0, 1, (count, width))[units] + random.normal(0, 0.05, (count * each, width))
    return torch.from_numpy(features).float(), torch.from_numpy(random.integers(0, 2, count)[units]), units


def test_volumes_learnt_by_heart_are_no_reason_for_a_weak_penalty():
    """Nothing tells the class, but a head that knows a slice knows the volume's others."""
    features, encoded, units = volumes()
    task = TASKS.load("classification").from_targets(["a", "b"] * 2)
    weights = torch.ones(len(encoded))
    apart = fit_linear_head(task, features, encoded, weights, 0)
    together = fit_linear_head(task, features, encoded, weights, 0, units=units)
    assert together.strength < 0.01 < apart.strength
    assert min(apart.scores) < 0.5 * np.log(2)
    assert min(together.scores) == pytest.approx(np.log(2), abs=0.03)


@pytest.mark.parametrize("folds", [1, 3, 5])
def test_relatives_are_held_out_together(folds: int):
    units = np.repeat(np.arange(12), [9, 8, 7, 1, 1, 1, 1, 2, 2, 3, 3, 5])
    held_out = _linear_head._held_out(units, folds, seed=3).numpy()
    assert held_out.shape == (folds, 43)
    for unit in range(12):
        assert (held_out[:, units == unit] == held_out[:, units == unit][:, :1]).all()
    assert (held_out.sum(0) == 1).all() or folds == 1
    assert (held_out.sum(1) > 0).all()
    assert (held_out.sum(1) < 43).all()


@pytest.mark.parametrize("width", [1, 4])
def test_one_example_leaves_nothing_to_hold_out_and_none_gives_a_head_of_noughts(width: int):
    """Of one example a head learns its class alone, since no feature varies."""
    task, features, encoded = classes(3, width)
    found = fit(task, features[:1], encoded[:1])
    assert found.strength == _linear_head.STRENGTHS[0]
    assert found.weight.abs().max() == 0
    assert found.bias.argmax() == encoded[0]
    for strength in (None, 0.1):
        none = fit_linear_head(task, features[:0], encoded[:0], torch.ones(0), 0, strength)
        assert torch.equal(none.weight, torch.zeros(3, width))
        assert torch.equal(none.bias, torch.zeros(3))
        assert none.strength == _linear_head.STRENGTHS[0]


def test_the_same_seed_gives_the_same_head():
    task, features, encoded = classes(60, 20)
    first, second = fit(task, features, encoded), fit(task, features, encoded)
    assert torch.equal(first.weight, second.weight)
    assert first.scores == second.scores
