"""Each diagnosis on evidence small enough to judge by hand."""

import pytest

from headstart.core.errors import MissingDependency
from headstart.core.results import Figure
from headstart.diagnosis import DIAGNOSES, _examine, examine_all
from headstart.diagnosis.base import Evidence
from headstart.diagnosis.class_imbalance import ClassImbalance
from headstart.diagnosis.duplicates_across_splits import DuplicatesAcrossSplits
from headstart.diagnosis.label_conflicts import LabelConflicts
from headstart.diagnosis.overfitting import Overfitting


def evidence(targets=None, fingerprints=None, figures=None, watched="accuracy", higher=True):
    fingerprints = fingerprints or {}
    targets = targets or {split: ["a"] * len(prints) for split, prints in fingerprints.items()}
    ids = {split: [f"{split}-{i}" for i in range(len(column))] for split, column in targets.items()}
    reached = {split: {watched: figure} for split, figure in (figures or {}).items()}
    return Evidence(targets, ids, fingerprints, reached, targets, {}, watched, {watched: higher})


@pytest.mark.parametrize(
    ("train", "test", "severity"),
    [
        (Figure(1.0, 0.99, 1.0), Figure(0.80, 0.75, 0.85), "serious"),
        (Figure(1.0, 0.99, 1.0), Figure(0.90, 0.85, 0.94), "warning"),
        (Figure(1.0, 0.99, 1.0), Figure(0.97, 0.95, 0.98), None),  # apart, but by little
        (Figure(1.0, 0.90, 1.0), Figure(0.80, 0.60, 0.92), None),  # intervals overlap
        (Figure(0.7, 0.69, 0.71), Figure(0.9, 0.85, 0.95), None),  # better on new examples
    ],
)
def test_overfitting_needs_a_clear_gap(train, test, severity):
    findings = Overfitting().examine(evidence(figures={"train": train, "test": test}))
    assert [finding.severity for finding in findings] == ([severity] if severity else [])


def test_overfitting_of_an_error_goes_the_other_way():
    train, held_out = Figure(1.0, 0.9, 1.1), Figure(2.5, 2.0, 3.0)
    worse = evidence(figures={"train": train, "validation": held_out}, watched="mae", higher=False)
    (finding,) = Overfitting().examine(worse)
    assert finding.severity == "serious"
    assert (
        "mae is 1 on the examples it learned from, but 2.5 (95 % interval 2 to 3) on the validation"
        in finding.summary
    )
    better = evidence(figures={"train": held_out, "validation": train}, watched="mae", higher=False)
    assert Overfitting().examine(better) == []


def test_overfitting_prefers_the_test_split():
    figures = {"train": Figure(1.0, 1.0, 1.0), "validation": Figure(0.5, 0.4, 0.6), "test": Figure(1.0, 0.9, 1.0)}
    assert Overfitting().examine(evidence(figures=figures)) == []


def test_rare_classes_are_named_with_their_counts():
    (finding,) = ClassImbalance().examine(evidence({"train": ["a"] * 100 + ["b"] * 9 + ["c"] * 10}))
    assert finding.severity == "warning"
    assert finding.summary == "Few training examples: 'b' 9; the most common, 'a', has 100 examples."
    assert {example.id for example in finding.examples} == {f"train-{i}" for i in range(100, 109)}
    assert finding.examples[0].score == pytest.approx(0.91)


def test_imbalance_is_serious_below_three_and_counts_ratios():
    assert ClassImbalance().examine(evidence({"train": ["a"] * 20 + ["b"] * 2}))[0].severity == "serious"
    assert ClassImbalance().examine(evidence({"train": ["a"] * 120 + ["b"] * 12})) == []
    assert "'b' 12" in ClassImbalance().examine(evidence({"train": ["a"] * 121 + ["b"] * 12}))[0].summary


def test_conflicts_are_found_across_splits():
    targets = {"train": ["a", "a", "b"] + ["a"] * 300, "test": ["b"]}
    prints = {"train": ["p", "q", "r"] + [f"s{i}" for i in range(300)], "test": ["p"]}
    (finding,) = LabelConflicts().examine(evidence(targets, prints))
    assert finding.severity == "warning"  # 2 of 304
    assert finding.summary.startswith("2 examples (0.66 %) share their content")
    assert "train-0 is 'a' and test-0 is 'b'" in finding.summary
    assert [(e.id, e.score) for e in finding.examples] == [("train-0", 0.5), ("test-0", 0.5)]


def test_the_odd_one_out_scores_highest():
    (finding,) = LabelConflicts().examine(evidence({"train": ["a", "a", "a", "b"]}, {"train": ["p"] * 4}))
    assert finding.severity == "serious"
    assert [example.score for example in finding.examples] == [0.25, 0.25, 0.25, 0.75]


def test_labels_in_another_order_do_not_conflict():
    assert LabelConflicts().examine(evidence({"train": [["a", "b"], ["b", "a"]]}, {"train": ["p", "p"]})) == []


def test_duplicates_are_counted_per_split():
    prints = {"train": ["p", "q"], "validation": ["r", "p"], "test": ["r", "q", *[f"s{i}" for i in range(198)]]}
    in_validation, in_test = DuplicatesAcrossSplits().examine(evidence(fingerprints=prints))
    assert in_validation.severity == "serious"
    assert in_validation.summary.startswith("1 validation example of 2 (50.0 %) also occur in train,")
    assert in_test.severity == "warning"  # 2 of 200 is exactly 1 %
    assert "2 test examples of 200 (1.0 %) also occur in train or validation" in in_test.summary
    assert [example.id for example in in_test.examples] == ["test-0", "test-1"]


def test_copies_within_one_split_are_no_duplicates_across_splits():
    assert DuplicatesAcrossSplits().examine(evidence(fingerprints={"train": ["p", "p"], "test": ["q", "q"]})) == []


def test_a_diagnosis_without_its_library_does_not_silence_the_others(monkeypatch):
    whole = DIAGNOSES.load

    def load(name):
        if name == "overfitting":
            raise MissingDependency("it needs 'something'")
        return whole(name)

    monkeypatch.setattr(_examine.DIAGNOSES, "load", load)
    findings = examine_all(evidence({"train": ["a"] * 20 + ["b"] * 2}, {"train": [str(i) for i in range(22)]}))
    assert [finding.severity for finding in findings] == ["serious", "info"]
    assert "needs 'something'" in findings[1].summary
