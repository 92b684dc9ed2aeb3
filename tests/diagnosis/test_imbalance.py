"""Imbalance on counts that can be judged by hand."""

from dataclasses import replace

import pytest

from diagnosis.made import evidence
from headstart.diagnosis.imbalance import Imbalance


def test_rare_classes_are_named_with_their_counts():
    (finding,) = Imbalance().examine(evidence({"train": ["a"] * 100 + ["b"] * 9 + ["c"] * 10}))
    assert finding.severity == "warning"
    assert finding.summary == (
        "Training examples are unevenly spread: 'b' 9; the most common, 'a', has 100 examples, 11 times as many."
    )
    assert {example.id for example in finding.examples} == {f"train-{i}" for i in range(100, 109)}
    assert finding.examples[0].score == pytest.approx(0.91)


def test_it_is_a_matter_of_ratios():
    assert Imbalance().examine(evidence({"train": ["a"] * 20 + ["b"] * 2})) == []
    assert Imbalance().examine(evidence({"train": ["a"] * 120 + ["b"] * 12})) == []
    assert "'b' 12" in Imbalance().examine(evidence({"train": ["a"] * 121 + ["b"] * 12}))[0].summary
    assert Imbalance().examine(evidence({"train": ["a"] * 201 + ["b"] * 2}))[0].severity == "serious"
    assert Imbalance().examine(evidence({"train": ["a"] * 200})) == []


def test_before_anything_is_held_out_all_examples_count():
    targets = {"train": ["a"] * 80 + ["b"] * 9, "test": ["a"] * 20 + ["b"]}
    assert len(Imbalance().examine(evidence(targets))) == 0
    (finding,) = Imbalance().examine(evidence({**targets, "test": ["a"] * 20}, opened=("train", "test")))
    assert finding.summary.startswith("Examples are unevenly spread: 'b' 9; the most common, 'a', has 100 examples")


def test_accuracy_is_spoken_of_where_it_is_a_figure():
    known = evidence({"train": ["a"] * 100 + ["b"] * 9})
    assert Imbalance().examine(known)[0].next_step.endswith(": overall accuracy hides what rare classes lose.")
    boxes = replace(known, watched="map", higher_is_better={"map": True})
    assert Imbalance().examine(boxes)[0].next_step == "Add examples of 'b' first, and read the figures per class."
