"""Heads that judge what they did not see, and folds that part no relatives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch

from headstart.experiment import out_of_fold as module
from headstart.experiment.out_of_fold import out_of_fold, predicted_seconds, stratified_folds
from headstart.strategies._linear_head import LARGE, fit_linear_head
from headstart.strategies._linear_head import predicted_seconds as of_one_head
from headstart.tasks import TASKS
from headstart.tasks.multi_task import MultiTask


def clusters(count: int = 60) -> tuple[torch.Tensor, list[str]]:
    """Points (N, 4) around one of two corners, and which."""
    names = ["left", "right"] * (count // 2)
    noise = np.random.default_rng(0).normal(0, 0.3, (count, 4))
    centres = np.array([[-1.0 if name == "left" else 1.0] * 4 for name in names])
    return torch.from_numpy(centres + noise).float(), names


def solved(
    features: torch.Tensor, targets: list[str], folds: np.ndarray, strengths: Sequence[float] | None = None
) -> torch.Tensor:
    task = TASKS.load("classification").from_targets(["left", "right"] * (len(targets) // 2))
    return out_of_fold(task, features, task.encode(targets), folds, strengths)


def test_a_wrong_target_is_contradicted_by_heads_that_never_saw_it() -> None:
    features, targets = clusters()
    wrong = [7, 22, 41]
    given = [("left" if t == "right" else "right") if i in wrong else t for i, t in enumerate(targets)]
    folds = stratified_folds(given, np.arange(60), seed=0)
    assert folds is not None
    said = solved(features, given, folds).argmax(dim=1)
    assert [["left", "right"][place] for place in said] == targets


def test_folds_solved_one_at_a_time_agree_with_all_at_once(monkeypatch) -> None:
    features, targets = clusters()
    folds = np.arange(60) // 2 % 5
    together = solved(features, targets, folds, [0.1])
    monkeypatch.setattr(module, "LARGE", 1)
    apart = solved(features, targets, folds, [0.1])
    assert together.shape == (60, 2)
    torch.testing.assert_close(apart, together, rtol=2e-3, atol=2e-3)


def test_an_example_does_not_reach_its_own_output() -> None:
    """Two examples of a fold whose targets change places move every head but the one that judges them."""
    features, targets = clusters()
    folds = np.arange(60) // 2 % 5
    mates = folds == folds[0]
    before = solved(features, targets, folds, [0.1])
    assert (folds[0], targets[:2]) == (folds[1], ["left", "right"])
    after = solved(features, ["right", "left", *targets[2:]], folds, [0.1])
    torch.testing.assert_close(after[mates], before[mates], rtol=2e-3, atol=2e-3)
    assert not torch.allclose(after[~mates], before[~mates], rtol=0.05)


def test_heads_of_very_many_outputs_are_predicted_to_take_as_long_as_their_folds_do() -> None:
    """512 features and 1,000 classes: no part of the classes tells what suits all, so that nothing falls."""
    sizes = [LARGE // 1_000 * share // 4 for share in (1, 2, 3, 4, 5, 8, 10)]
    seconds = [predicted_seconds(examples, 512, 1_000) for examples in sizes]
    assert seconds == sorted(seconds)
    assert seconds[-1] > 8 * seconds[0]
    assert predicted_seconds(40_000, 512, 1_000) > 10 * of_one_head(40_000, 512, 1_000)


def test_folds_keep_the_proportions() -> None:
    strata = ["a"] * 20 + ["b"] * 10
    folds = stratified_folds(strata, np.arange(30), seed=3)
    assert folds is not None
    for fold in range(5):
        assert Counter(np.array(strata)[folds == fold].tolist()) == {"a": 4, "b": 2}


def test_folds_keep_units_whole_and_none_is_empty() -> None:
    units = np.repeat(np.arange(12), [9, 8, 7, 1, 1, 1, 1, 2, 2, 3, 3, 5])
    folds = stratified_folds(["a"] * len(units), units, seed=0)
    assert folds is not None
    assert all(len(set(folds[units == unit])) == 1 for unit in range(12))
    assert set(folds.tolist()) == set(range(5))


def test_fewer_units_than_folds() -> None:
    folds = stratified_folds(["a", "a", "b"], np.array([0, 0, 1]), seed=0)
    assert folds is not None
    assert len(set(folds.tolist())) == 2
    assert folds[0] == folds[1]
    assert stratified_folds(["a", "b"], np.array([0, 0]), seed=0) is None


def test_heads_of_a_given_strength_are_those_that_the_other_folds_would_have_alone() -> None:
    """Against scikit-learn: two outputs with half of its weight each have half of its penalty, so its C is 2 C."""
    from sklearn.linear_model import LogisticRegression

    features, targets = clusters()
    spread = (features - features.mean(dim=0)) / features.std(dim=0, correction=0)
    folds = np.arange(60) // 2 % 5
    task = TASKS.load("classification").from_targets(targets)
    strength = 0.1
    outputs = out_of_fold(task, features, task.encode(targets), folds, [strength])
    for fold in range(5):
        others, own = folds != fold, folds == fold
        head = LogisticRegression(C=2 * strength, tol=1e-10).fit(spread[others], np.array(targets)[others])
        ours = (outputs[own, 1] - outputs[own, 0]).numpy()
        np.testing.assert_allclose(ours, head.decision_function(spread[own]), rtol=2e-3)


def test_with_most_targets_missing_the_penalty_is_that_of_the_examples_that_are_learnt_from() -> None:
    """The second target is known for a fifth: its heads are those that these have alone, as scikit-learn has them."""
    from sklearn.linear_model import LogisticRegression

    features, targets = clusters(300)
    known = np.arange(300) % 5 == 2
    folds = np.arange(300) // 10 % 5
    both = [{"kind": t, "other": t if there else None} for t, there in zip(targets, known, strict=True)]
    task = MultiTask({name: TASKS.load("classification").from_targets(targets) for name in ("kind", "other")})
    outputs = out_of_fold(task, features, task.encode(both), folds, [0.1, 0.1])[:, 2:]
    spread = (features - features.mean(dim=0)) / features.std(dim=0, correction=0)
    for fold in range(5):
        others, own = (folds != fold) & known, folds == fold
        head = LogisticRegression(C=2 * 0.1, tol=1e-10).fit(spread[others], np.array(targets)[others])
        ours = (outputs[own, 1] - outputs[own, 0]).numpy()
        np.testing.assert_allclose(ours, head.decision_function(spread[own]), rtol=2e-2, atol=1e-2)


def test_a_fold_that_holds_all_known_targets_leaves_a_head_that_says_nothing() -> None:
    features, targets = clusters()
    both = [{"kind": t, "other": t if place < 12 else None} for place, t in enumerate(targets)]
    task = MultiTask({name: TASKS.load("classification").from_targets(targets) for name in ("kind", "other")})
    outputs = out_of_fold(task, features, task.encode(both), np.arange(60) // 12, [0.1, 0.1])
    assert torch.isfinite(outputs).all()
    assert outputs[:12, 2:].abs().max() == 0


def test_they_are_the_same_from_a_head_that_was_solved_on_every_example() -> None:
    features, targets = clusters()
    folds = np.arange(60) // 2 % 5
    task = TASKS.load("classification").from_targets(targets)
    encoded, strength = task.encode(targets), 0.1
    near = fit_linear_head(task, features, encoded, task.balance(encoded), 0, strength)
    from_nothing, from_there = (
        out_of_fold(task, features, encoded, folds, [strength], heads) for heads in ((), near.each)
    )
    torch.testing.assert_close(from_there, from_nothing, rtol=2e-3, atol=2e-3)
