"""Asks every diagnosis about the evidence and puts the gravest findings first."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from headstart.core.errors import MissingDependency
from headstart.core.registry import Registry
from headstart.core.results import Finding, Severity

if TYPE_CHECKING:
    from headstart.diagnosis.base import Evidence

DIAGNOSES = Registry("headstart.diagnosis", "diagnosis")


def examine_all(evidence: Evidence) -> list[Finding]:
    """The findings of every registered diagnosis: serious first, then warnings, then information.

    A diagnosis whose library is not installed says so in a finding; the others still speak.
    """
    rising = get_args(Severity)
    findings = [finding for name in DIAGNOSES.names() for finding in _examine(name, evidence)]
    return sorted(findings, key=lambda finding: -rising.index(finding.severity))


def _examine(name: str, evidence: Evidence) -> list[Finding]:
    try:
        findings: list[Finding] = DIAGNOSES.load(name)().examine(evidence)
    except MissingDependency as error:
        return [Finding(name, "info", f"This was not looked for: {error}", next_step="Install it and fit again.")]
    return findings
