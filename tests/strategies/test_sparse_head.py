"""Heads on sparse features come out as scikit-learn's, and take the penalty that holds out best."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from headstart.strategies import _sparse_head
from headstart.strategies._sparse_head import fit_sparse_head, predicted_seconds
from headstart.tasks import TASKS


def rows(count: int, seed: int, noise: float) -> tuple[csr_matrix, list[str]]:
    """Rows of length 1 with 60 columns, ten of them for each of three classes."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, count)
    filled = (random.random((count, 60)) < 0.1).astype(np.float32)
    for row, label in zip(filled, labels, strict=True):
        row[10 * label + random.integers(0, 10, 2)] = 1
    truth = np.where(random.random(count) < noise, random.integers(0, 3, count), labels)
    filled /= np.maximum(np.linalg.norm(filled, axis=1, keepdims=True), 1e-9)
    return csr_matrix(filled), ["abc"[label] for label in truth]


@pytest.mark.parametrize("strength", [1.0, 100.0])
def test_it_comes_out_as_with_scikit_learn(monkeypatch: pytest.MonkeyPatch, strength: float) -> None:
    monkeypatch.setattr(_sparse_head, "STRENGTHS", (strength,))
    monkeypatch.setattr(_sparse_head, "STEPS", 200)
    features, targets = rows(300, 0, 0.2)
    task = TASKS.load("classification").from_targets(targets)
    monkeypatch.setattr(task, "balance", lambda encoded: torch.ones(len(encoded)))
    weight, bias = fit_sparse_head(task, features, task.encode(targets), seed=0)
    # mean loss + ‖W‖² / (2 C N) is scikit-learn's sum of losses + ‖W‖² / (2 C), divided by N
    model = LogisticRegression(C=strength, tol=1e-8, max_iter=5000).fit(features, targets)
    given = torch.softmax(torch.from_numpy(features @ weight + bias), dim=1).numpy()
    np.testing.assert_allclose(given, model.predict_proba(features), atol=5e-3)


def test_noise_asks_for_a_strong_penalty() -> None:
    features, targets = rows(300, 1, 1.0)  # the targets are chance
    task = TASKS.load("classification").from_targets(targets)
    noisy, _ = fit_sparse_head(task, features, task.encode(targets), seed=0)
    features, targets = rows(300, 1, 0.0)
    clear, _ = fit_sparse_head(task, features, task.encode(targets), seed=0)
    assert np.abs(noisy).max() < np.abs(clear).max() / 2


def test_relatives_are_held_out_together() -> None:
    """Each row five times, with targets by chance: a head that knows a row knows the others, and no more."""
    features, targets = rows(60, 1, 1.0)
    task = TASKS.load("classification").from_targets(targets)
    units = np.repeat(np.arange(60), 5)
    features, encoded = csr_matrix(features[units]), task.encode([targets[unit] for unit in units])
    apart, _ = fit_sparse_head(task, features, encoded, 0)
    together, _ = fit_sparse_head(task, features, encoded, 0, units)
    assert np.abs(together).max() < np.abs(apart).max() / 2


def test_one_example_leaves_nothing_to_hold_out_and_none_gives_a_head_of_noughts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    features, targets = rows(30, 0, 0.0)
    task = TASKS.load("classification").from_targets(targets)
    encoded = task.encode(targets)
    found = fit_sparse_head(task, features[:1], encoded[:1], seed=0)
    monkeypatch.setattr(_sparse_head, "STRENGTHS", _sparse_head.STRENGTHS[:1])  # the strongest penalty alone
    for given, wanted in zip(found, fit_sparse_head(task, features[:1], encoded[:1], seed=0), strict=True):
        np.testing.assert_array_equal(given, wanted)
    assert (features[0] @ found[0] + found[1]).argmax() == encoded[0]
    weight, bias = fit_sparse_head(task, features[:0], encoded[:0], seed=0)
    assert (weight.shape, bias.shape) == ((60, 3), (3,))
    assert not weight.any()
    assert not bias.any()


def test_more_words_and_more_classes_take_longer() -> None:
    features, _ = rows(50, 0, 0.0)
    assert predicted_seconds(features, 1000, 3) < predicted_seconds(features, 100_000, 3)
    assert predicted_seconds(features, 1000, 3) < predicted_seconds(features, 1000, 30)
