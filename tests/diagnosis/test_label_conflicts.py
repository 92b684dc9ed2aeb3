"""Label conflicts on copies that can be counted by hand."""

import numpy as np
import pytest

from diagnosis.made import evidence, pictures, sketch
from headstart.diagnosis import label_conflicts
from headstart.diagnosis.label_conflicts import LabelConflicts


def test_conflicts_are_found_across_splits():
    targets = {"train": ["a", "a", "b"] + ["a"] * 300, "test": ["b"]}
    prints = {"train": ["p", "q", "r"] + [f"s{i}" for i in range(300)], "test": ["p"]}
    (finding,) = LabelConflicts().examine(evidence(targets, prints))
    assert finding.severity == "warning"  # 2 of 304
    assert finding.summary.startswith("2 examples (0.66 %) share their content")
    assert "train-0 is 'a' and test-0 is 'b'" in finding.summary
    assert [(e.id, e.score) for e in finding.examples] == [("train-0", 0.5), ("test-0", 0.5)]


def test_the_odd_one_out_comes_first():
    (finding,) = LabelConflicts().examine(evidence({"train": ["a", "a", "a", "b"]}, {"train": ["p"] * 4}))
    assert finding.severity == "serious"
    assert [(e.id, e.score) for e in finding.examples] == [
        ("train-3", 0.75), ("train-0", 0.25), ("train-1", 0.25), ("train-2", 0.25),
    ]  # fmt: skip


def test_a_text_given_very_often_is_compared_once_a_copy(monkeypatch: pytest.MonkeyPatch):
    """``n/a`` 500 times as one thing, then 500 times as another: each stands beside the first that says otherwise."""
    asked = []
    said = label_conflicts._said
    monkeypatch.setattr(label_conflicts, "_said", lambda copy: asked.append(copy) or said(copy))
    targets = ["a"] * 500 + ["b"] * 499 + ["c"]
    (finding,) = LabelConflicts().examine(evidence({"train": targets}, {"train": ["n/a"] * 1000}))
    told = {example.id: example.note for example in finding.examples}
    assert len(told) == 1000
    assert set(told.values()) == {"like train-0, which is 'a'", "like train-500, which is 'b'"}
    assert told["train-0"] == "like train-500, which is 'b'"
    assert told["train-999"] == told["train-500"] == "like train-0, which is 'a'"
    assert 1000 <= len(asked) < 5 * 1000


def test_labels_in_another_order_do_not_conflict():
    assert LabelConflicts().examine(evidence({"train": [["a", "b"], ["b", "a"]]}, {"train": ["p", "p"]})) == []


def test_a_number_written_otherwise_does_not_conflict():
    assert LabelConflicts().examine(evidence({"train": [1, 1.0, 1]}, {"train": ["p", "p", "p"]})) == []
    assert LabelConflicts().examine(evidence({"train": [1, 1.5]}, {"train": ["p", "p"]}))


def test_texts_that_differ_in_nothing_that_matters_conflict_too():
    found = evidence({"train": ["a", "b"]}, {"train": ["p", "q"]}, normalised={"train": ["n", "n"]})
    assert len(LabelConflicts().examine(found)[0].examples) == 2
    apart = evidence({"train": ["a", "b"]}, {"train": ["p", "q"]}, normalised={"train": ["", ""]})
    assert LabelConflicts().examine(apart) == []


def test_a_mirrored_picture_conflicts_with_itself():
    one = pictures(3)
    sketches = np.stack([sketch(picture) for picture in (*one, one[0][:, ::-1])])
    found = evidence({"train": ["a", "a", "a", "b"]}, {"train": list("pqrs")}, sketches={"train": sketches})
    (finding,) = LabelConflicts().examine(found)
    assert [example.id for example in finding.examples] == ["train-0", "train-3"]
    assert finding.summary.startswith("2 examples (50.0 %) are nearly the same as one that has another target, e.g.")
    assert "those that differ in what matters may have different targets" in finding.next_step


def test_copies_are_told_from_look_alikes():
    """Two of the same content disagree; so do two whose content is alike. A copy that agrees with its own is near."""
    one = pictures(2)
    mirrored = [sketch(picture[:, ::-1]) for picture in one]
    sketches = np.stack([sketch(one[0]), sketch(one[0]), sketch(one[1]), sketch(one[1]), mirrored[1]])
    found = evidence({"train": list("abccd")}, {"train": list("ppqqr")}, sketches={"train": sketches})
    (finding,) = LabelConflicts().examine(found)
    assert "5 examples (100.0 %) are like one that has another target (2 exactly and 3 nearly)" in finding.summary
