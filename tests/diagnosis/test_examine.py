"""Diagnoses are asked again only about what they read and what has changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from headstart.core.kept import Kept
from headstart.core.results import Figure, Finding, FindingExample
from headstart.diagnosis import Examination, _examine, at_least
from headstart.diagnosis.base import Diagnosis, Evidence

EVIDENCE = Evidence(
    {"train": ["a", "b"]}, {"train": ["0", "1"]}, {"train": ["p", "q"]}, {}, {"train": ["a", "b"]}, {}, "accuracy",
    {"accuracy": True},
)  # fmt: skip
TRAINED = replace(EVIDENCE, figures={"train": {"accuracy": Figure(1.0, 0.9, 1.0)}})


class Contents(Diagnosis):
    def examine(self, evidence: Evidence) -> list[Finding]:
        asked.append("contents")
        assert isinstance(evidence, Evidence)
        return [Finding("contents", "info", f"{len(evidence.fingerprints['train'])} examples.")]


class Figures(Diagnosis):
    def examine(self, evidence: Evidence) -> list[Finding]:
        asked.append("figures")
        return [Finding("figures", "serious", f"{name} too good.") for name in evidence.figures]


asked: list[str] = []


@pytest.fixture(autouse=True)
def two_diagnoses(monkeypatch: pytest.MonkeyPatch) -> None:
    asked.clear()
    monkeypatch.setattr(_examine.DIAGNOSES, "names", lambda: ["contents", "figures"])
    monkeypatch.setattr(_examine.DIAGNOSES, "load", lambda name: {"contents": Contents, "figures": Figures}[name])


def test_after_training_only_those_are_asked_that_read_figures() -> None:
    examination = Examination()
    assert [finding.diagnosis for finding in examination.findings(EVIDENCE)] == ["contents"]
    assert [finding.diagnosis for finding in examination.findings(TRAINED)] == ["figures", "contents"]
    assert asked == ["contents", "figures", "figures"]


def test_other_examples_are_examined_anew() -> None:
    examination = Examination()
    examination.findings(EVIDENCE)
    more = examination.findings(replace(EVIDENCE, fingerprints={"train": ["p", "q", "r"]}))
    assert [finding.summary for finding in more] == ["3 examples."]


def test_at_least_as_grave() -> None:
    findings = Examination().findings(TRAINED)
    assert [f.diagnosis for f in at_least(findings, "warning")] == ["figures"]
    assert at_least(findings, "info") == findings


def test_what_a_diagnosis_is_given_can_be_changed_like_any_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    class Changing(Diagnosis):
        def examine(self, evidence: Evidence) -> list[Finding]:
            changed = replace(evidence, watched="loss")
            return [Finding("changing", "info", f"{changed.watched} of {len(changed.ids['train'])}.")]

    monkeypatch.setattr(_examine.DIAGNOSES, "load", lambda name: Changing)
    assert Examination().findings(EVIDENCE)[0].summary == "loss of 2."


def test_the_same_evidence_is_examined_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_examine.DIAGNOSES, "is_own", lambda name: name == "contents")
    kept, same = Kept(tmp_path), replace(EVIDENCE, fingerprints={"train": ["p", "q"]})
    first = Examination().findings(EVIDENCE, kept)
    examination = Examination()
    assert examination.findings(same, kept) == first
    assert asked == ["contents", "figures", "figures"], "another package's diagnosis is asked each time"
    assert [finding.diagnosis for finding in examination.findings(TRAINED)] == ["figures", "contents"]
    assert asked[3:] == ["contents", "figures"], "of the same content, but replaced since"


def test_other_evidence_is_examined_anew_and_a_torn_file_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_examine.DIAGNOSES, "is_own", lambda name: True)
    kept = Kept(tmp_path)
    Examination().findings(EVIDENCE, kept)
    traits = {"train": {"width": np.array([1.0, 2.0])}}
    Examination().findings(replace(EVIDENCE, traits=traits), kept)
    Examination().findings(replace(EVIDENCE, traits={"train": {"width": np.array([1.0, 3.0])}}), kept)
    assert asked == ["contents", "figures"] * 3
    Examination().findings(EVIDENCE, kept)
    assert len(asked) == 6
    for file in tmp_path.iterdir():
        file.write_bytes(file.read_bytes()[:-9])
    Examination().findings(EVIDENCE, kept)
    assert len(asked) == 8


def test_findings_come_back_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_examine.DIAGNOSES, "is_own", lambda name: True)
    finding = Finding("contents", "warning", "Ünlike.", [FindingExample("a", 0.25)], "Look.")
    monkeypatch.setattr(Contents, "examine", lambda self, evidence: [finding])
    kept = Kept(tmp_path)
    assert Examination().findings(EVIDENCE, kept) == [finding]
    monkeypatch.setattr(Contents, "examine", None)
    assert Examination().findings(EVIDENCE, kept) == [finding]
