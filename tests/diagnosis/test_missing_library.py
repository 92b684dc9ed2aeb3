"""A diagnosis whose library is not installed says so, and the others still speak."""

from diagnosis.made import evidence
from headstart.core.errors import MissingDependency
from headstart.diagnosis import _examine, examine_all


def test_a_diagnosis_without_its_library_does_not_silence_the_others(monkeypatch):
    whole = _examine.DIAGNOSES.load

    def load(name):
        if name == "overfitting":
            raise MissingDependency("it needs 'something'")
        return whole(name)

    monkeypatch.setattr(_examine.DIAGNOSES, "load", load)
    findings = examine_all(evidence({"train": ["a"] * 20 + ["b"] * 2}, {"train": [str(i) for i in range(22)]}))
    assert [(finding.diagnosis, finding.severity) for finding in findings] == [
        ("few_examples", "serious"),
        ("overfitting", "info"),
    ]
    assert "needs 'something'" in findings[1].summary
