"""Shortcuts planted in traits."""

from dataclasses import replace

import numpy as np
import pytest

from diagnosis.made import evidence
from headstart.diagnosis._source_folder import source_folders
from headstart.diagnosis._trait_classifier import balanced_accuracy, judge
from headstart.diagnosis._trait_words import said
from headstart.diagnosis.shortcuts import Shortcuts

TARGETS = {"train": ["a", "b"] * 60, "validation": ["a", "b"] * 20, "test": ["a", "b"] * 20}


def traits(tell, seed=0):
    """Width that tells the class of a share of the examples, and brightness that tells nothing."""
    generator = np.random.default_rng(seed)
    found = {}
    for split, targets in TARGETS.items():
        told = np.where(generator.random(len(targets)) < tell, targets, generator.choice(["a", "b"], len(targets)))
        width = np.where(told == "a", 100.0, 300.0)
        found[split] = {"brightness": generator.random(len(targets)), "width": width, "same": np.ones(len(targets))}
    return found


def right(share):
    """Probabilities of a head that is right on this share of the examples of each class."""
    found = {}
    for split in ("train", "validation"):
        n = len(TARGETS[split])
        own = np.arange(n) % 2
        said = np.where(np.arange(n) < share * n, own, 1 - own)
        found[split] = np.eye(2)[said]
    return found


def test_a_trait_that_tells_the_class_is_named_with_its_means():
    (finding,) = Shortcuts().examine(evidence(TARGETS, traits=traits(1.0)))
    assert finding.severity == "warning"  # how much features reach is not known
    assert "the class of 100 % (9" in finding.summary
    assert "of 160 examples, where chance gives 50 %," in finding.summary
    assert "Strongest: width (a: 100 px, b: 300 px); brightness (" in finding.summary
    assert "same" not in finding.summary
    assert not any(example.id.startswith("test") for example in finding.examples)


@pytest.mark.parametrize(("features", "severity"), [(1.0, "serious"), (0.8, "serious")])
def test_it_is_serious_when_features_reach_hardly_more(features, severity):
    known = evidence(TARGETS, traits=traits(1.0), labels=["a", "b"], probabilities=right(features))
    (finding,) = Shortcuts().examine(known)
    assert finding.severity == severity
    assert f"features {100 * features:.0f} %" in finding.summary


def test_it_is_a_warning_when_features_reach_much_more():
    known = evidence(TARGETS, traits=traits(0.7), labels=["a", "b"], probabilities=right(1.0))
    (finding,) = Shortcuts().examine(known)
    assert finding.severity == "warning"


@pytest.mark.parametrize("tell", [0.0, 0.2])
def test_what_hardly_tells_is_not_worth_a_word(tell):
    assert Shortcuts().examine(evidence(TARGETS, traits=traits(tell))) == []


def test_two_traits_that_tell_the_class_only_together_are_seen():
    """Class a is wide and dark or narrow and bright: neither trait alone says anything."""
    generator, together = np.random.default_rng(0), {}
    for split, targets in TARGETS.items():
        wide = generator.random(len(targets)) < 0.5
        dark = wide == (np.array(targets) == "a")
        noise = generator.random((2, len(targets)))
        together[split] = {"width": 100 + 200 * wide + noise[0], "brightness": 0.8 - 0.5 * dark + 0.1 * noise[1]}
    (finding,) = Shortcuts().examine(evidence(TARGETS, traits=together))
    assert "tells the class of 8" in finding.summary  # where each alone tells it of half


def test_the_trait_that_tells_most_alone_stands_first():
    told = np.arange(200) % 2
    values = np.stack([told + 3.0 * (np.arange(200) % 5), np.random.default_rng(0).random(200), 10.0 * told], axis=1)
    judged = judge(values, np.where(told == 1, "a", "b"))
    assert judged is not None
    assert judged.strongest == [2, 0, 1]
    assert judged.accuracy.value == 1.0
    assert judged.likely.min() > 0.5


def test_of_very_many_classes_as_many_are_told_apart_as_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ten examples each of 30 classes have room among 300; a small classifier of thousands would take gigabytes."""
    monkeypatch.setattr("headstart.diagnosis._trait_classifier.MOST", 300)
    strata = np.repeat([f"class {i}" for i in range(500)], 12)
    judged = judge(np.random.default_rng(0).random((6_000, 1)), strata)
    assert judged is not None
    assert len(judged.places) <= 300
    assert len(set(judged.classes)) == 30 == len(set(strata[judged.places].tolist()))


def test_what_is_told_is_called_what_it_is():
    numbers = replace(evidence(TARGETS, traits=traits(1.0)), watched="mae", higher_is_better={"mae": False})
    (finding,) = Shortcuts().examine(numbers)
    assert "tells the range of 100 % (9" in finding.summary
    assert ", as means over the ranges. Strongest: " in finding.summary
    assert "If those of different ranges were gathered" in finding.next_step
    several = {split: np.ones((len(column), 2), bool) for split, column in TARGETS.items()}
    (finding,) = Shortcuts().examine(evidence(TARGETS, traits=traits(1.0), memberships=several))
    assert "tells the rarest label of 100 % (9" in finding.summary


def test_a_size_that_is_the_patients_own_does_not_tell_the_class():
    """Eight patients of each class, 20 slices of a size each: what is told of a slice is told by its neighbours."""
    generator = np.random.default_rng(0)
    patients = np.repeat(np.arange(16), 20)
    widths = generator.permutation(16)[patients] * 20.0 + 100
    targets = {"train": np.array(["a", "b"])[patients % 2].tolist()}
    given = {"train": {"width": widths}}
    (finding,) = Shortcuts().examine(evidence(targets, traits=given))
    assert "tells the class of" in finding.summary
    groups = {"train": [f"patient {patient}" for patient in patients]}
    assert Shortcuts().examine(evidence(targets, traits=given, groups=groups)) == []


def test_the_interval_counts_relatives_once():
    """40 of 40 right: (40 + 2) / 44 each as they stand, and of four patients a class (4 + 2) / 8 each."""
    truth = np.repeat(["a", "b"], 40)
    for units, count in ((None, 40), (np.arange(80) // 10, 4)):
        share = (count + 2) / (count + 4)
        half = 1.96 * np.sqrt(2 * share * (1 - share) / (count + 4)) / 2
        assert balanced_accuracy(truth, truth, units).low == pytest.approx(1 - half, abs=1e-3)


def test_a_common_class_does_not_outweigh_a_rare_one():
    """A width that says nothing is nobody's: each of the classes gets its share, however rare it is."""
    strata = np.array(["common"] * 900 + ["rare"] * 100)
    judged = [judge(np.random.default_rng(seed).random((1000, 2)), strata) for seed in range(5)]
    assert all(judged)
    assert np.mean([each.accuracy.value for each in judged if each]) == pytest.approx(0.5, abs=0.05)
    assert np.mean([each.likely.mean() for each in judged if each]) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("trait", "value", "words"),
    [
        ("width", 1234.4, "1,234 px"),
        ("aspect", 1.333, "width is 1.33 of the height"),
        ("bytes", 12_340.0, "12.3 kB"),
        ("brightness", 0.456, "46 %"),
        ("border", -0.204, "20 points darker than the inside"),
        ("border", 0.1, "10 points brighter than the inside"),
        ("mean word length", 4.56, "4.6 characters"),
        ("words", 12.34, "12.3"),  # the trait's name is its unit
        ("frames", 3.0, "3"),  # of a modality from elsewhere
    ],
)
def test_a_trait_is_said_in_its_unit(trait, value, words):
    assert said(trait, value) == words


def test_missing_values_traits_and_splits():
    some = traits(1.0)
    some["train"]["width"][::7] = np.nan
    assert Shortcuts().examine(evidence(TARGETS, traits=some))
    del some["validation"]["width"]
    assert Shortcuts().examine(evidence(TARGETS, traits=some)) == []
    assert Shortcuts().examine(evidence({"test": ["a", "b"] * 20}, traits={"test": traits(1.0)["test"]})) == []


def test_balanced_accuracy_by_hand():
    """a: 3 of 4, b: 0 of 1. Agresti-Coull shares 5/8 of n = 8 and 2/5 of n = 5."""
    found = balanced_accuracy(np.array(list("aaaba")), np.array(list("aaaab")))
    half = 1.959963984540054 / 2 * (5 / 8 * 3 / 8 / 8 + 2 / 5 * 3 / 5 / 5) ** 0.5
    assert found.value == pytest.approx(0.375)
    assert found.low == pytest.approx(max(0.0, 0.375 - half))
    assert found.high == pytest.approx(0.375 + half)


def test_the_folder_of_a_source_is_a_trait():
    """Of 160 examples 9 in 10 of class a come from the north, and 1 in 10 of class b."""
    names = {}
    for split, own in TARGETS.items():
        north = [(place % 20 < 18) == (label == "a") for place, label in enumerate(own)]
        names[split] = [f"{split}/{'north' if it_is else 'south'}/{place}.png" for place, it_is in enumerate(north)]
    (finding,) = Shortcuts().examine(replace(evidence(TARGETS, traits=traits(0.0)), ids=names))
    assert "Strongest: source folder (a mostly 'north', b mostly 'south')" in finding.summary
    assert "the class of 90 %" in finding.summary


@pytest.mark.parametrize(
    ("name", "label", "folder"),
    [
        ("train/cat/1.png", "cat", ""),
        ("cats/1.png", "cat", ""),
        ("clinic\\cat\\1.png", "cat", "clinic"),
        ("val/ward 1/left/1.png", "1", "ward 1/left"),
        ("mails.csv row 3", "spam", ""),
    ],
)
def test_folders_of_the_class_and_of_the_split_are_no_source(name, label, folder):
    assert source_folders([name], [label]) == [folder]


def test_classes_that_are_one_unit_each_are_judged_all_the_same() -> None:
    strata = np.array(["a"] * 15 + ["b"] * 15)
    judged = judge(np.random.default_rng(0).normal(size=(30, 2)), strata, np.arange(30) // 15)
    assert judged is not None
    assert judged.accuracy.low == 0.0  # what was never seen of a class says nothing of it
