"""Figures at growing shares: sizes by hand, and classes that can or cannot be told apart."""

import itertools

import numpy as np
import pytest
import torch

from headstart.core.errors import UsageError
from headstart.strategies import _refits
from headstart.strategies._refits import FOLDS, SHARES, _draws, accuracy_at_shares, predicted_seconds
from headstart.tasks.multi_task import MultiTask
from toys import toy_task


def examples(count, distance, seed=0):
    """Two classes in three dimensions, `distance` apart."""
    random = np.random.default_rng(seed)
    labels = ["a" if i % 2 else "b" for i in range(count)]
    features = random.standard_normal((count, 3))
    features[:, 0] += [distance * (label == "a") for label in labels]
    return torch.from_numpy(features).float(), labels


def test_the_sizes_are_shares_of_four_fifths():
    features, labels = examples(50, 20)
    task = toy_task(labels)
    curve = accuracy_at_shares(features, task.encode(labels), task, draws=2, strength=1.0)
    assert [size for size, _ in curve] == [5, 10, 20, 30, 40] * 2
    assert [figure for size, figure in curve if size >= 20] == [1.0] * 6


def test_the_sizes_are_the_same_in_every_draw():
    features, labels = examples(23, 5)  # fifths of 5, 5, 5, 4 and 4, so that 18 are left in any draw
    task = toy_task(labels)
    curve = accuracy_at_shares(features, task.encode(labels), task, shares=(0.25, 0.5, 1.0), draws=5)
    assert [size for size, _ in curve] == [4, 9, 18] * 5


def test_more_examples_help_until_the_classes_overlap():
    features, labels = examples(300, 2)
    noise = torch.randn(300, 20, generator=torch.Generator().manual_seed(0))
    features, task = torch.cat([features, noise], dim=1), toy_task(labels)
    curve = np.array(accuracy_at_shares(features, task.encode(labels), task, draws=5))
    means = curve[:, 1].reshape(5, len(SHARES)).mean(axis=0)
    # No rule can do better than Φ(2 / 2) = 0.841 in the long run.
    assert 0.75 < means[-1] < 0.92
    assert means[0] < means[-1] - 0.03


def test_with_most_targets_missing_the_penalty_is_that_of_the_examples_that_are_learnt_from(
    monkeypatch: pytest.MonkeyPatch,
):
    """λ = 1 / (C n): n is all that are drawn of the first target, and of the second, known for a fifth, those."""
    features, labels = examples(100, 2)
    both = [{"kind": label, "other": label if i % 5 < 1 else None} for i, label in enumerate(labels)]
    task = MultiTask({"kind": toy_task(labels), "other": toy_task(labels)})
    penalties: list[float] = []

    def noted(problem, point, penalty, *others):
        penalties.append(penalty)
        return point

    monkeypatch.setattr(_refits, "descend", noted)
    accuracy_at_shares(features, task.encode(both), task, shares=(0.5, 1.0), draws=5, strength=0.1)
    first, second = penalties[:2], penalties[2:]
    assert first == [pytest.approx(1 / (0.1 * count)) for count in (40, 80)]
    assert second[1] == pytest.approx(1 / (0.1 * 16))  # of 20, four fifths in the mean of the draws
    assert 1 / (0.1 * 12) < second[0] < 1 / (0.1 * 5)


def test_very_many_outputs_are_predicted_to_take_as_long_as_their_draws_do():
    seconds = [predicted_seconds(examples, 512, 1_000) for examples in (5_000, 10_000, 20_000, 25_000, 40_000)]
    assert seconds == sorted(seconds)
    assert seconds[-1] > 7 * seconds[0]


def volumes(count=60, each=9):
    """Nearly equal rows of each volume, the first of which is to judge, and a class by chance for each volume."""
    random = np.random.default_rng(0)
    units = np.repeat(np.arange(count), each)
    features = random.standard_normal((count, 40))[units] + 0.05 * random.standard_normal((count * each, 40))
    return torch.from_numpy(features).float(), ["ab"[i] for i in random.integers(0, 2, count)[units]], units


def test_volumes_learnt_by_heart_are_not_judged_by_their_own_slices():
    """Nothing tells the class: of 60 volumes a head is right about half, 6 % more or less."""
    features, labels, units = volumes()
    task = toy_task(labels)
    reached = {}
    for name, kin in (("apart", None), ("together", units)):
        curve = accuracy_at_shares(features, task.encode(labels), task, draws=5, strength=1.0, units=kin)
        reached[name] = np.mean([figure for _, figure in curve[len(SHARES) - 1 :: len(SHARES)]])
    assert reached["apart"] > 0.95
    assert 0.3 < reached["together"] < 0.7


def test_relatives_are_learnt_from_one_after_the_other_and_held_out_together():
    units = np.repeat(np.arange(12), [9, 8, 7, 1, 1, 1, 1, 2, 2, 3, 3, 5])
    for learnt, held_out in _draws(units, FOLDS, seed=0):
        assert not set(units[learnt]) & set(units[held_out])
        assert len(learnt) + len(held_out) == 43
        assert 1 + np.count_nonzero(np.diff(units[learnt])) == len(set(units[learnt]))


def test_further_slices_are_learnt_from_and_do_not_judge(monkeypatch: pytest.MonkeyPatch):
    features, labels, units = volumes()
    task, judged = toy_task(labels), []
    figures = _refits._figures

    def noted(task, outputs, truths):
        judged.append(sum(map(len, truths)))
        return figures(task, outputs, truths)

    monkeypatch.setattr(_refits, "_figures", noted)
    given = {"strength": 0.01, "units": units, "judging": np.arange(540) % 9 == 0}
    curve = accuracy_at_shares(features, task.encode(labels), task, draws=5, **given)
    assert [size for size, _ in curve[: len(SHARES)]] == [54, 108, 216, 324, 432]
    assert judged == [60] * len(SHARES)


def test_too_few_volumes_are_too_few_however_many_slices_they_have():
    features, labels, units = volumes(count=9)
    task = toy_task(labels)
    with pytest.raises(UsageError, match="at least 10 examples, and there are 9"):
        accuracy_at_shares(features, task.encode(labels), task, units=units)


def test_the_same_seed_draws_the_same():
    features, labels = examples(40, 1)
    task = toy_task(labels)
    curves = [accuracy_at_shares(features, task.encode(labels), task, draws=1, seed=seed) for seed in (0, 0, 1)]
    assert curves[0] == curves[1]
    assert curves[0] != curves[2]


def test_numbers_have_a_curve_too():
    features, _ = examples(60, 0)
    targets = (features[:, 0] * 3 + 1).tolist()
    task = toy_task(targets)
    curve = accuracy_at_shares(features, task.encode(targets), task, draws=1, strength=10.0)
    assert len(curve) == len(SHARES)
    assert curve[-1][1] < curve[0][1]
    assert curve[-1][1] == pytest.approx(0, abs=0.1), "they follow without noise"


def test_five_draws_hold_every_example_out_once_and_learn_from_none_of_them():
    held = []
    for learnt, held_out in _draws(np.arange(23), 2 * FOLDS, seed=0):
        assert sorted([*learnt.tolist(), *held_out.tolist()]) == list(range(23))
        held.append(held_out.tolist())
    assert sorted(itertools.chain(*held[:FOLDS])) == list(range(23))
    assert sorted(itertools.chain(*held[FOLDS:])) == list(range(23))
    assert held[:FOLDS] != held[FOLDS:]


@pytest.mark.parametrize("shares", [(), (0.5, 0.25), (0.0, 1.0), (0.5, 1.5), (0.5, 0.5)])
def test_shares_that_do_not_rise_are_refused(shares):
    features, labels = examples(20, 1)
    task = toy_task(labels)
    with pytest.raises(UsageError, match="must rise"):
        accuracy_at_shares(features, task.encode(labels), task, shares=shares)


def test_too_few_examples_are_refused():
    features, labels = examples(8, 1)
    task = toy_task(labels)
    with pytest.raises(UsageError, match="at least 10 examples, and there are 8"):
        accuracy_at_shares(features, task.encode(labels), task)
