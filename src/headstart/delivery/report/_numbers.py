"""How the report writes numbers: one way for all values of a figure, and counts with their nouns."""

from __future__ import annotations

from headstart.core.written_figures import Writing, is_proportion
from headstart.delivery.report.evidence import ReportEvidence


def writing_of(evidence: ReportEvidence, name: str) -> Writing:
    """One way of writing the figure `name` for the whole page, judged by all its values."""
    values = [value for figure in evidence.figures_named(name) for value in figure]
    return Writing(is_proportion(name, evidence.higher_is_better.get(name, True), values))


def count(number: int) -> str:
    """``12345`` → ``12,345``."""
    return f"{number:,}"


def of(number: int, noun: str) -> str:
    """``1 example``, ``2 examples``: `noun` in the singular, with a regular plural."""
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"
