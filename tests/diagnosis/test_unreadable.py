"""Unreadable files are named with their share, which decides how grave it is."""

from __future__ import annotations

import pytest

from diagnosis.made import evidence
from headstart.core.errors import Problem
from headstart.diagnosis.unreadable import Unreadable


@pytest.mark.parametrize(("good", "severity"), [(98, "serious"), (198, "warning")])
def test_unreadable_examples_are_named(good: int, severity: str) -> None:
    # By hand: 2 of 100 are 2 %, 2 of 200 are 1 %, which is not more than one.
    broken = [Problem("a.png", "the file is empty (0 bytes)"), Problem("b.png", "cut short")]
    (finding,) = Unreadable().examine(evidence({"train": ["a"] * good}, set_aside=broken))
    assert finding.severity == severity
    assert f"2 examples of {good + 2}" in finding.summary
    assert "e.g. a.png: the file is empty (0 bytes)." in finding.summary
    assert [example.id for example in finding.examples] == ["a.png", "b.png"]


def test_nothing_set_aside_is_no_finding() -> None:
    assert Unreadable().examine(evidence({"train": ["a"] * 9})) == []
