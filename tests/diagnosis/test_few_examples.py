"""Few examples: counts by hand, intervals by Wilson's formula."""

from dataclasses import replace

import pytest

from diagnosis.made import evidence
from headstart.core.results import Figure
from headstart.diagnosis.few_examples import FewExamples


def test_small_classes_are_named():
    (finding,) = FewExamples().examine(evidence({"train": ["a"] * 20 + ["b"] * 19 + ["c"] * 6}))
    assert finding.severity == "warning"
    assert finding.summary == "Fewer than 20 training examples: 'c' 6, 'b' 19."
    assert len(finding.examples) == 25
    assert finding.examples[-1].score == pytest.approx(0.7)
    assert "'c' first" in finding.next_step


def test_below_five_is_serious():
    assert FewExamples().examine(evidence({"train": ["a"] * 20 + ["b"] * 4}))[0].severity == "serious"
    assert FewExamples().examine(evidence({"train": ["a"] * 20 + ["b"] * 20})) == []


def test_a_stratum_that_is_all_there_is_has_no_name():
    """As of masks, which have no class a picture."""
    (finding,) = FewExamples().examine(evidence({"train": ["masks"] * 19}))
    assert finding.summary == "Fewer than 20 training examples: 19."
    assert finding.next_step == "Add examples: below 20 each one more counts."


def test_bands_of_numbers_are_not_classes():
    """Five bands of twelve numbers each: 60 in all are not few, nor is any band."""
    bands = {"train": [f"{band} to {band + 1}" for band in range(5)] * 12}
    numbers = replace(evidence(bands), watched="mae", higher_is_better={"mae": False})
    assert FewExamples().examine(numbers) == []
    few = replace(evidence({"train": ["0 to 1", "1 to 2"] * 5}), watched="mae", higher_is_better={"mae": False})
    assert FewExamples().examine(few)[0].summary == "Fewer than 20 training examples: 10."


def test_a_small_test_split_says_little():
    """Wilson at 24 of 30: 0.627 to 0.905; at 8 of 10: 0.490 to 0.943, as in Newcombe (1998), table I's method."""
    targets = {"train": ["a"] * 20, "test": ["a"] * 30}
    (finding,) = FewExamples().examine(evidence(targets, figures={"test": Figure(0.9, 0.74, 0.97)}))
    assert finding.severity == "warning"
    assert finding.summary == (
        "The test split holds 30 examples: a model that is right on 80 % of them may be right on 63 to 90 % of new "
        "ones; its accuracy of 90.0 % may be anything within 74.0–97.0 %."
    )
    (small,) = FewExamples().examine(evidence({"train": ["a"] * 20, "test": ["a"] * 10}))
    assert small.severity == "serious"
    assert "49 to 94 %" in small.summary
    assert FewExamples().examine(evidence({"train": ["a"] * 20, "test": ["a"] * 62})) == []


def test_before_anything_is_held_out_all_examples_count_but_those_given_for_judging():
    targets = {"train": ["a"] * 20 + ["b"] * 12, "validation": ["b"] * 4, "test": ["a"] * 62 + ["b"] * 4}
    opened = ("train", "validation", "test")
    assert FewExamples().examine(evidence(targets, opened=opened)) == []
    (finding,) = FewExamples().examine(evidence(targets, opened=opened, given=["train", "test"]))
    assert finding.summary == "Fewer than 20 examples: 'b' 16."
    assert len(finding.examples) == 16


def test_what_is_not_right_or_wrong_as_a_whole_is_told_by_its_own_interval():
    """Ten pictures say as much as their figure's interval; "right on 80 %" means nothing of boxes."""
    known = replace(
        evidence({"train": ["a"] * 20, "test": ["a"] * 10}), watched="map", higher_is_better={"map": True}
    )
    (before,) = FewExamples().examine(known)
    assert before.severity == "serious"
    assert before.summary == "The test split holds 10 examples, and figures measured on so few are rough."
    for figure, severity in (
        (Figure(0.4, 0.1, 0.6), "serious"),
        (Figure(0.4, 0.3, 0.6), "warning"),
        (Figure(0.4, 0.35, 0.45), "info"),
    ):
        (after,) = FewExamples().examine(replace(known, figures={"test": {"map": figure}}))
        assert after.severity == severity
        interval = f"{100 * figure.low:.1f}–{100 * figure.high:.1f} %"
        assert after.summary == (
            f"The test split holds 10 examples: its mAP of 40.0 % may be anything within {interval}."
        )
