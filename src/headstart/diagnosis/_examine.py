"""Asks every diagnosis about the evidence, once for what it reads, and puts the gravest findings first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, get_args

from headstart.core.errors import MissingDependency
from headstart.core.kept import Kept
from headstart.core.registry import Registry
from headstart.core.results import Finding, Severity
from headstart.core.threads import check_wanted
from headstart.diagnosis._kept_findings import Said, keep, name_of, said_before
from headstart.diagnosis.base import Evidence

DIAGNOSES = Registry("headstart.diagnosis", "diagnosis")


class Examination:
    """Every registered diagnosis, asked as often as evidence comes in.

    What a diagnosis says follows from what it reads. Asked again, it repeats what it said unless one of the fields
    that it read has been replaced since: so after training nothing is computed twice, and figures are heeded.
    """

    def __init__(self) -> None:
        self._said: dict[str, tuple[dict[str, Any], list[Finding]]] = {}
        self._parts: dict[str, Examination] = {}

    def findings(self, evidence: Evidence, kept: Kept | None = None) -> list[Finding]:
        """What all say: serious first, then warnings, then information.

        A diagnosis whose library is not installed says so in a finding; the others still speak.

        Parameters
        ----------
        kept : where the answers are kept for the next examination of the same evidence, those of another package's
            diagnoses left out; None for nowhere.
        """
        name = "" if kept is None else name_of(evidence)
        recalled = {} if kept is None else said_before(kept, name)
        for diagnosis, one in recalled.items():
            self._said[diagnosis] = {field: getattr(evidence, field) for field in one.read}, one.findings
        said = [finding for diagnosis in DIAGNOSES.names() for finding in self._of(diagnosis, evidence)]
        own = {
            diagnosis: Said(tuple(sorted(read)), findings)
            for diagnosis, (read, findings) in self._said.items()
            if DIAGNOSES.is_own(diagnosis)
        }
        if kept is not None and own.keys() != recalled.keys():
            keep(kept, name, own)
        found: list[Finding] = []
        for target, part in evidence.parts.items():
            own_said = self._parts.setdefault(target, Examination()).findings(part, kept)
            found += [_about(target, finding) for finding in own_said if _is_new(finding, said)]
        said += found
        return sorted(said, key=lambda finding: -rank(finding.severity))

    def _of(self, name: str, evidence: Evidence) -> list[Finding]:
        read, findings = self._said.get(name, ({}, []))
        if name in self._said and all(getattr(evidence, field) is value for field, value in read.items()):
            return findings
        check_wanted()
        noted = _Noted.copy_of(evidence)
        try:
            findings = list(DIAGNOSES.load(name)().examine(noted))
        except MissingDependency as error:
            return [Finding(name, "info", f"This was not looked for: {error}", next_step="Install it and fit again.")]
        self._said[name] = {field: getattr(evidence, field) for field in noted.read}, findings
        return findings


def _about(target: str, finding: Finding) -> Finding:
    return replace(finding, summary=f"{target}: {finding.summary}")


def _is_new(finding: Finding, said: Sequence[Finding]) -> bool:
    """Whether what was found for one of several targets was not said of all examples already."""
    of_all = [other for other in said if other.diagnosis == finding.diagnosis]
    return not of_all or bool(finding.examples and not any(other.examples for other in of_all))


def examine_all(evidence: Evidence, kept: Kept | None = None) -> list[Finding]:
    """The findings of every registered diagnosis, the gravest first; `kept` as for :meth:`Examination.findings`."""
    return Examination().findings(evidence, kept)


def rank(severity: Severity) -> int:
    """0 for information, 1 for a warning, 2 for what is serious."""
    return get_args(Severity).index(severity)


def at_least(findings: Sequence[Finding], severity: Severity) -> list[Finding]:
    """The findings that are no less grave than `severity`."""
    return [finding for finding in findings if rank(finding.severity) >= rank(severity)]


class _Noted(Evidence):
    """Evidence that notes which of its fields are read."""

    read: set[str]

    @classmethod
    def copy_of(cls, evidence: Evidence) -> _Noted:
        noted = object.__new__(cls)
        noted.__dict__.update(vars(evidence))
        noted.__dict__["read"] = set()
        return noted

    def __getattribute__(self, name: str) -> Any:
        if name in _FIELDS:
            vars(self).setdefault("read", set()).add(name)
        return super().__getattribute__(name)


_FIELDS = frozenset(field.name for field in fields(Evidence))
