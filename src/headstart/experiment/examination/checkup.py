"""What a check found, with the examples it is about as words or as a page to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from headstart.core.results import Finding
from headstart.data.checks import Checked
from headstart.delivery.report.checkup import CheckupEvidence, render_checkup
from headstart.experiment.presentation.showing import fragments, named_by, truths_of
from headstart.experiment.presentation.target_lines import target_lines
from headstart.experiment.words import title
from headstart.tasks.base import Task

EXCERPT = 80
"""Characters of a text that stand beside its name."""

SECONDS = 1800.0
"""The page's pictures are made as a fit of half an hour would make them."""


@dataclass(frozen=True)
class Checkup:
    """What was looked at, in a sentence, and what was found, the gravest first.

    ``checked`` are the examples that were looked at, and ``task`` is theirs.
    """

    looked_at: str
    findings: list[Finding]
    checked: Checked
    task: Task

    def excerpts(self) -> dict[str, str]:
        """The beginning of every text that a finding names, by id; nothing of other inputs."""
        named = {example.id for finding in self.findings for example in finding.examples}
        texts = zip(self.checked.examples.ids, self.checked.examples.references, strict=True)
        return {name: excerpt(text) for name, text in texts if name in named and isinstance(text, str)}

    def page(self, data: Any) -> str:
        """The findings with pictures or texts of their examples, as one HTML page; `data` names the source."""
        shown = fragments(self.checked, named_by(self.findings), SECONDS)
        truths = truths_of(
            self.task, self.checked.examples, {e.id for found in self.findings for e in found.examples}
        )
        lines = target_lines(self.checked.examples, shown)
        return render_checkup(CheckupEvidence(title(data), self.looked_at, self.findings, shown, truths, lines))


def excerpt(text: str) -> str:
    """At most `EXCERPT` characters of `text`, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT else line[: EXCERPT - 1].rstrip() + "…"
