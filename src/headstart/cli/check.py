"""``headstart check``: what is wrong with examples, before anything is trained on them."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from headstart.cli._examples import add_examples, add_machine, asked
from headstart.core.results import Severity
from headstart.core.severities import say_severities

if TYPE_CHECKING:
    from headstart.core.results import Finding
    from headstart.experiment.examination.checkup import Checkup

FOUND = 3
"""Exit status where something was found that is as grave as --fail-on says."""

NEVER = "never"
SHOWN = 5

EPILOG = """exit status: 0 nothing found that is as grave as --fail-on says, 3 something found that is,
1 a mistake of the input, 2 wrong usage, 130 interrupted

examples:
  headstart check photos/                             duplicates, leaks, wrong labels, shortcuts, …
  headstart check reviews.csv --target label --json   for a pipeline: findings as JSON, and an exit status
  headstart check photos/ --report check.html         a page to look at: findings with their pictures
  headstart check photos/ --backbone none             without a network: contents alone
"""


def add_to(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "check",
        help="look for trouble in examples",
        description="Look for trouble in your examples before you train on them.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_examples(parser)
    parser.add_argument(
        "--backbone", metavar="NAME", help="whose features to look at, or none (default: the best at hand)"
    )
    add_machine(parser)
    parser.add_argument("--json", action="store_true", help="the findings as one JSON object on stdout")
    parser.add_argument(
        "--report", type=Path, metavar="FILE", help="also write the findings with their examples as one HTML page"
    )
    parser.add_argument(
        "--fail-on",
        choices=[*get_args(Severity), NEVER],
        default="serious",
        help="the least severity that makes the exit status 3 (default: serious)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check, say what was found, and return the exit status."""
    spec = replace(asked(options), backbone=options.backbone)
    from headstart.core.files import finite, write_whole
    from headstart.core.progress import Progress
    from headstart.diagnosis import at_least
    from headstart.experiment.examination.checking import examine

    checkup = examine(spec, Progress())
    if options.report:
        write_whole(options.report, checkup.page(spec.data))
    if options.json:
        plain = {"findings": [finding.to_json() for finding in checkup.findings]}
        print(json.dumps(finite(plain), ensure_ascii=False))
    else:
        print("\n".join([checkup.looked_at, *_all_said(checkup), _last_word(checkup.findings)]))
    failing = [] if options.fail_on == NEVER else at_least(checkup.findings, options.fail_on)
    return FOUND if failing else 0


def _all_said(checkup: Checkup) -> list[str]:
    excerpts = checkup.excerpts()
    return [_said(finding, excerpts) for finding in checkup.findings]


def _said(finding: Finding, excerpts: Mapping[str, str]) -> str:
    """A finding in a few lines: what, which, and what to do."""
    lines = [f"\n{finding.severity.upper()}: {finding.summary}  [{finding.diagnosis}]"]
    lines += [f"  Look at: {_listed(finding, excerpts)}"] if finding.examples else []
    return "\n".join([*lines, *([f"  Next:    {finding.next_step}"] if finding.next_step else [])])


def _listed(finding: Finding, excerpts: Mapping[str, str]) -> str:
    """The first examples with their scores: on one line, or each on its own with why, and how its text begins."""
    shown, more = finding.examples[:SHOWN], len(finding.examples) - SHOWN
    texts = [f"{example.id} ({example.score:.2f})" for example in shown]
    if not any(example.note or example.id in excerpts for example in shown):
        return ", ".join(texts) + (f" and {more:,} more" if more > 0 else "")
    told = [[example.note, excerpts.get(example.id, "")] for example in shown]
    lines = [": ".join(filter(None, [text, *words])) for text, words in zip(texts, told, strict=True)]
    return "\n           ".join([*lines, *([f"and {more:,} more"] if more > 0 else [])])


def _last_word(findings: list[Finding]) -> str:
    if not findings:
        return "Nothing was found that is wrong."
    return f"\nFound: {say_severities(findings)}."
