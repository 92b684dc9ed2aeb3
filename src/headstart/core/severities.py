"""How grave findings are, in the words that a person reads."""

from __future__ import annotations

from collections.abc import Sequence

from headstart.core.results import Finding

SEVERITIES = {"serious": ("serious", "serious"), "warning": ("warning", "warnings"), "info": ("note", "notes")}
"""The gravest first, as a person reads one and several of them."""


def say_severities(findings: Sequence[Finding]) -> str:
    """``1 serious, 2 warnings``; empty where there are none."""
    found: list[str] = [finding.severity for finding in findings]
    counted = [(found.count(severity), names) for severity, names in SEVERITIES.items()]
    return ", ".join(f"{number} {one if number == 1 else more}" for number, (one, more) in counted if number)
