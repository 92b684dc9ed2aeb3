"""Splits: stratified, seeded, complete; given ones kept; groups whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from headstart.core.errors import InputError
from headstart.data.examples import Examples
from headstart.data.splits import Split, split


def examples(count: int, splits: list[str | None] | None = None, groups: list[str] | None = None) -> Examples:
    return Examples("text", [f"t{i}" for i in range(count)], [f"row {i}" for i in range(count)], None, splits, groups)


def parts(result: Split) -> dict[str, list[int]]:
    return {"train": list(result.train), "validation": list(result.validation), "test": list(result.test)}


def whole(result: Split, count: int) -> bool:
    """Every example is in exactly one split."""
    return sorted([*result.train, *result.validation, *result.test]) == list(range(count))


def test_shares_are_kept_in_every_class() -> None:
    strata = ["a"] * 50 + ["b"] * 100
    result = split(examples(150), strata, seed=0)
    assert whole(result, 150)
    # 20 % for test (10 and 20), then 20 % of the remaining 40 and 80.
    assert Counter(strata[i] for i in result.test) == {"a": 10, "b": 20}
    assert Counter(strata[i] for i in result.validation) == {"a": 8, "b": 16}
    assert Counter(strata[i] for i in result.train) == {"a": 32, "b": 64}
    assert result.train.dtype == np.int64


def test_the_seed_decides_and_the_order_of_examples_does_not() -> None:
    strata = ["a"] * 30 + ["b"] * 30
    first, again, other = (split(examples(60), strata, seed=seed) for seed in (1, 1, 2))
    assert parts(first) == parts(again)
    assert parts(first) != parts(other)
    order = np.random.default_rng(0).permutation(60)
    shuffled = split(examples(60).select(order.tolist()), [strata[i] for i in order], seed=1)
    assert sorted(order[shuffled.test]) == list(first.test)
    assert sorted(order[shuffled.validation]) == list(first.validation)


@pytest.mark.parametrize("count", [3, 4, 5, 7])
def test_small_classes_reach_every_split(count: int) -> None:
    strata = [name for name in "abcdef" for _ in range(count)] + ["large"] * 60
    result = split(examples(len(strata)), strata, seed=0)
    for indices in (result.train, result.validation, result.test):
        assert {strata[i] for i in indices} == set(strata)


def test_a_class_of_two_or_one_stays_in_training() -> None:
    strata = ["a"] * 40 + ["two"] * 2 + ["one"]
    for seed in range(5):
        result = split(examples(43), strata, seed)
        assert {"a", "two", "one"} == {strata[i] for i in result.train}
        assert "one" not in {strata[i] for i in [*result.validation, *result.test]}


def test_given_splits_are_kept() -> None:
    given = ["train"] * 20 + ["validation"] * 5 + ["test"] * 5
    strata = ["a", "b"] * 15
    result = split(examples(30, given), strata, seed=0)
    assert parts(result) == {"train": list(range(20)), "validation": list(range(20, 25)), "test": list(range(25, 30))}
    assert result.notes == ()


def test_what_is_not_given_is_held_out_of_training() -> None:
    strata = ["a", "b"] * 50
    with_test = split(examples(100, ["train"] * 80 + ["test"] * 20), strata, seed=0)
    assert list(with_test.test) == list(range(80, 100))
    assert (len(with_test.train), len(with_test.validation)) == (64, 16)
    only_train = split(examples(100, ["train"] * 100), strata, seed=0)
    assert (len(only_train.train), len(only_train.validation), len(only_train.test)) == (64, 16, 20)
    with_validation = split(examples(100, ["train"] * 80 + ["validation"] * 20), strata, seed=0)
    assert list(with_validation.validation) == list(range(80, 100))
    assert len(with_validation.test) == 16
    assert "20 examples were held out" in only_train.notes[0]


def test_groups_stay_whole_and_classes_complete() -> None:
    rng = np.random.default_rng(0)
    groups = [f"patient {g}" for g in range(40) for _ in range(int(rng.integers(1, 6)))]
    strata = [("ill" if int(group.split()[1]) % 3 else "well") for group in groups]
    for seed in range(5):
        result = split(examples(len(groups), groups=groups), strata, seed)
        assert whole(result, len(groups))
        places = [{groups[i] for i in indices} for indices in (result.train, result.validation, result.test)]
        assert not places[0] & places[1]
        assert not places[0] & places[2]
        assert not places[1] & places[2]
        assert all({strata[i] for i in indices} == {"ill", "well"} for indices in parts(result).values())
        assert 0.12 < len(result.test) / len(groups) < 0.28


def test_few_large_groups_still_reach_the_test_split() -> None:
    groups = [name for name in ("p", "q", "r", "s", "t", "u") for _ in range(10)]
    strata = ["a"] * 30 + ["b"] * 30  # three groups a class: one each for training, validation and test
    result = split(examples(60, groups=groups), strata, seed=0)
    for indices in parts(result).values():
        assert Counter(strata[i] for i in indices) == {"a": 10, "b": 10}


def test_one_group_cannot_be_split() -> None:
    with pytest.raises(InputError, match="belong together"):
        split(examples(10, groups=["p"] * 10), ["a", "b"] * 5, seed=0)


def test_given_splits_that_part_a_group_are_noted() -> None:
    given = ["train"] * 8 + ["test"] * 2
    result = split(examples(10, given, ["p", "q", "r", "s"] * 2 + ["p", "z"]), ["a", "b"] * 5, seed=0)
    assert list(result.test) == [8, 9]
    assert any("part 1 groups (p)" in note and "--split anew" in note for note in result.notes)


def test_the_same_content_stays_together() -> None:
    fingerprints = [f"f{i // 2}" for i in range(80)]
    for seed in range(3):
        result = split(examples(80), ["a"] * 40 + ["b"] * 40, seed, fingerprints=fingerprints)
        places = [{fingerprints[i] for i in indices} for indices in parts(result).values()]
        assert sum(map(len, places)) == 40
        assert (len(result.test), whole(result, 80)) == (16, True)


def test_no_class_loses_its_only_example() -> None:
    strata = [f"class {i}" for i in range(30)] + ["common"] * 20 + ["other"] * 20
    result = split(examples(70), strata, seed=0)
    assert {strata[i] for i in result.train} == set(strata)
    assert {strata[i] for i in [*result.validation, *result.test]} == {"common", "other"}


@pytest.mark.parametrize(("classes", "each"), [(2, 1), (3, 2), (20, 1), (20, 2)])
def test_with_fewer_than_three_of_each_class_none_are_held_out(classes: int, each: int) -> None:
    strata = [f"class {i}" for i in range(classes)] * each
    result = split(examples(len(strata)), strata, seed=0)
    assert list(result.train) == list(result.compared) == list(range(len(strata)))
    assert (len(result.validation), len(result.test), result.out_of_fold) == (0, 0, True)
    assert result.notes[0] == "Most classes have fewer than 3 examples, so no test split was held out."
    assert ("have one example" in result.notes[-1]) == (each == 1)


def test_of_few_examples_a_given_test_split_is_kept() -> None:
    result = split(examples(10, ["train"] * 4 + ["test"] * 6), ["a", "b"] * 5, seed=0)
    assert (list(result.train), list(result.test)) == ([0, 1, 2, 3], [4, 5, 6, 7, 8, 9])
    assert result.out_of_fold
    held = split(examples(10, ["train"] * 4 + ["validation"] * 6), ["a", "b"] * 5, seed=0)
    assert (len(held.validation), len(held.test), held.out_of_fold) == (6, 0, False)


def test_inputs_that_differ_in_nothing_that_matters_stay_together() -> None:
    prints, same = [f"f{i}" for i in range(80)], [f"n{i // 2}" for i in range(80)]
    for seed in range(3):
        result = split(examples(80), ["a"] * 40 + ["b"] * 40, seed, fingerprints=prints, normalised=same)
        assert sum(len({same[i] for i in indices}) for indices in parts(result).values()) == 40


def test_no_training_examples_or_too_few() -> None:
    with pytest.raises(InputError, match="no training examples, only 4 for test"):
        split(examples(4, ["test"] * 4), ["a"] * 4, seed=0)
    with pytest.raises(InputError, match="belong together"):
        split(examples(1), ["a"], seed=0)


def test_at_least_two_validation_examples() -> None:
    result = split(examples(8), ["a"] * 4 + ["b"] * 4, seed=0)
    assert len(result.validation) >= 2
    assert len(result.train) >= 3


def test_what_is_much_the_same_as_given_validation_examples_is_not_drawn_to_test() -> None:
    given: list[str | None] = [*["train"] * 80, *["validation"] * 20]
    contents = [f"c{i % 80}" for i in range(100)]  # the 20 of validation are copies of the first 20 of training
    result = split(examples(100, given), ["a", "b"] * 50, seed=0, fingerprints=contents)
    assert len(result.test) == 16
    assert min(result.test) >= 20
    assert set(range(20)) <= set(result.train)
    assert whole(result, 100)


def test_where_all_are_bound_to_given_validation_examples_some_are_drawn_all_the_same() -> None:
    given: list[str | None] = [*["train"] * 40, *["validation"] * 40]
    result = split(examples(80, given), ["a", "b"] * 40, seed=0, fingerprints=[f"c{i % 40}" for i in range(80)])
    assert len(result.test) == 8
    assert whole(result, 80)


def test_of_classes_with_one_free_group_that_group_is_drawn_to_test() -> None:
    """Twenty groups of four, all but the last of each class with a fifth row in the given validation split."""
    groups = [f"g{i // 4}" for i in range(80)] + [f"g{i}" for i in range(20) if i not in (9, 19)]
    given: list[str | None] = [*["train"] * 80, *["validation"] * 18]
    strata = ["a"] * 40 + ["b"] * 40 + ["a"] * 9 + ["b"] * 9
    result = split(examples(98, given, groups), strata, seed=0)
    assert list(result.test) == [*range(36, 40), *range(76, 80)]
    assert whole(result, 98)


def test_notes_count_what_judges() -> None:
    groups = [f"volume {i // 3}" for i in range(90)]
    volumes = replace(examples(90, groups=groups), extra=[i % 3 != 1 for i in range(90)])
    result = split(volumes, ["a"] * 45 + ["b"] * 45, seed=0)
    assert len(result.test) == 6
    assert f"No test split was given: {len(result.test)} examples" in result.notes[0]
    assert f"No validation split was given: {len(result.validation)} examples" in result.notes[1]
