"""The page of a check: findings with their examples, everything escaped, nothing from outside."""

from __future__ import annotations

from headstart.core.results import Finding, FindingExample
from headstart.delivery.report.checkup import CheckupEvidence, render_checkup

FOUND = [
    Finding(
        "outliers", "info", "1 example is odd.", [FindingExample("b.csv row 9", 0.25, "like <c>")], "Look at it."
    ),
    Finding(
        "label_errors",
        "serious",
        "<b>2</b> labels look wrong.",
        [FindingExample("b.csv row 2", 0.9, "looks like <ham>")] * 61,
        "Mend.",
    ),
]


def test_the_gravest_come_first_with_what_their_examples_are() -> None:
    shown, truths = {"b.csv row 2": "a small text"}, {"b.csv row 2": "<spam>"}
    page = render_checkup(CheckupEvidence("b.csv", "Looked at 9 texts.", FOUND, shown, truths))
    assert page.index("&lt;b&gt;2&lt;/b&gt; labels look wrong.") < page.index("1 example is odd.")
    assert "<b>" not in page
    assert "a small text" in page
    assert "&lt;spam&gt;" in page
    assert "0.900" in page
    assert "Looked at 9 texts." in page
    assert "<dt>note</dt><dd>looks like &lt;ham&gt;</dd>" in page
    assert "b.csv row 9, like &lt;c&gt; <span>0.250</span>" in page.replace("<wbr>", "")
    assert "b.csv row 9" in page.replace("<wbr>", "")  # by name, where it is not shown
    assert "1 more, listed in what check --json prints" in page
    assert "<script" not in page


def test_nothing_found() -> None:
    page = render_checkup(CheckupEvidence("<x>", "Looked at 9 texts.", [], {}, {}))
    assert "Nothing was found that is wrong." in page
    assert "<x>" not in page
