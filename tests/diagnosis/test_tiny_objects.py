"""Objects in inputs: the tiny are named, classes are counted by objects, and what needs one class says so."""

from diagnosis.made import evidence
from headstart.core.boxes import Box, Boxes
from headstart.diagnosis import examine_all
from headstart.diagnosis.few_examples import FewExamples
from headstart.diagnosis.imbalance import Imbalance
from headstart.diagnosis.tiny_objects import TinyObjects


def marked(*labels: str, side: float = 20.0, **kind: bool) -> Boxes:
    return Boxes(tuple(Box(0, 0, side, 30, label, **kind) for label in labels), (200, 100))


def test_tiny_objects_are_named_the_smallest_first() -> None:
    train = [marked("cat"), marked("cat", side=4), marked("cat", "dog", side=1), marked("dog", side=1, crowd=True)]
    (finding,) = TinyObjects().examine(evidence({"train": train}))
    assert finding.severity == "warning"
    assert "3 objects of 4 (75.0 %) are narrower or lower than 2.5 % of their picture" in finding.summary
    assert "'cat' 2 of 3, 'dog' 1 of 1" in finding.summary
    # 4 of 200 pixels is 2 %, of the limit of 2.5 % four fifths; 1 pixel one fifth.
    assert [(each.id, round(each.score, 6)) for each in finding.examples] == [("train-2", 0.8), ("train-1", 0.2)]


def test_few_of_them_are_information() -> None:
    train = [marked(*["cat"] * 30), marked("cat", side=1)]
    (finding,) = TinyObjects().examine(evidence({"train": train}))
    assert finding.severity == "info"
    assert TinyObjects().examine(evidence({"train": [marked("cat")]})) == []
    assert TinyObjects().examine(evidence({"train": ["cat"]})) == []


def test_classes_are_counted_by_objects() -> None:
    train = [marked(*["cat"] * 30), marked("dog", "dog"), marked()]
    (finding,) = Imbalance().examine(evidence({"train": train}))
    assert "Objects are unevenly spread: 'dog' 2; the most common, 'cat', has 30 objects, 15 times" in finding.summary
    assert [each.id for each in finding.examples] == ["train-1"]
    (few,) = FewExamples().examine(evidence({"train": train}))
    assert "Fewer than 20 objects: 'dog' 2." in few.summary


def test_what_needs_a_class_of_each_input_says_that_it_was_not_looked_for() -> None:
    found = {finding.diagnosis: finding for finding in examine_all(evidence({"train": [marked("cat")] * 30}))}
    for diagnosis in ("label_errors", "outliers", "shortcuts"):
        assert found[diagnosis].severity == "info"
        assert "an input may hold objects of several classes" in found[diagnosis].summary
