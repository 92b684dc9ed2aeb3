"""The examples of a cell of the confusion matrix: a button with their number, and the panel that it opens.

Panels are popovers of HTML itself: they need no script, open with the keyboard, close with Escape, and tell a screen
reader whether they are open. A browser that does not know them shows them all, below the table.
"""

from __future__ import annotations

from collections import defaultdict
from html import escape

import numpy as np

from headstart.core.written_figures import percent
from headstart.delivery.report._cards import card
from headstart.delivery.report._names import breakable
from headstart.delivery.report._numbers import count, of
from headstart.delivery.report.evidence import Case, ReportEvidence


def _sure(probability: float | None) -> str:
    return "" if probability is None else percent(probability)


class Cells:
    """Buttons and panels of one confusion matrix (C, C), whose rows are the truth."""

    def __init__(self, evidence: ReportEvidence, labels: list[str], counts: np.ndarray) -> None:
        self.evidence, self.labels, self.counts = evidence, labels, counts
        self._cases: dict[tuple[int, int], list[Case]] = defaultdict(list)
        for case in evidence.cases:
            if case.id in evidence.shown:
                self._cases[case.truth, case.said].append(case)

    def button(self, row: int, column: int) -> str:
        """The number in a cell: a button where it has examples to show."""
        number, what = count(int(self.counts[row, column])), escape(self._what(row, column))
        if (row, column) not in self._cases:
            return f'<span title="{what}">{number}</span>'
        return (
            f'<button class="cell" type="button" popovertarget="cell-{row}-{column}" title="{what}" '
            f'aria-label="{what}: show examples">{number}</button>'
        )

    def said(self) -> str:
        """What a click does, and how many examples the page has no room for; empty where it has none."""
        shown, total = sum(map(len, self._cases.values())), int(self.counts.sum())
        if not shown:
            return ""
        kept = f" To stay small, the page has {count(shown)} of the {count(total)}, mistakes first."
        return " Press a number to see its examples." + (kept if shown < total else "")

    def panels(self) -> str:
        """Every panel, closed."""
        return "".join(self._panel(*cell) for cell in sorted(self._cases))

    def _what(self, row: int, column: int) -> str:
        of_all = f"{count(int(self.counts[row, column]))} of {count(int(self.counts[row].sum()))}"
        if row == column:
            return f"{self.labels[row]}: {of_all} right"
        return f"{self.labels[row]} taken for {self.labels[column]}: {of_all}"

    def _panel(self, row: int, column: int) -> str:
        cases, name = self._cases[row, column], f"cell-{row}-{column}"
        total = int(self.counts[row, column])
        truth, predicted = breakable(self.labels[row]), breakable(self.labels[column])
        heading = f"{truth}, rightly" if row == column else f"{truth} <small>taken for</small> {predicted}"
        number = of(total, "example") if len(cases) >= total else f"{len(cases)} of {of(total, 'example')}"
        cards = "".join(card(self.evidence, case.id, ("sure", _sure(case.probability))) for case in cases)
        return (
            f'<div popover id="{name}" class="panel" role="dialog" aria-labelledby="{name}-heading" tabindex="-1">'
            f'<div class="panel-head"><h3 id="{name}-heading">{heading}</h3><p class="muted">{number}</p>'
            f'<button type="button" popovertarget="{name}" popovertargetaction="hide" autofocus>Close</button></div>'
            f'<ul class="cards small">{cards}</ul></div>'
        )
