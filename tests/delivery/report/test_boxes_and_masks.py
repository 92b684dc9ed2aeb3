"""What the report says of boxes and masks: what is counted, how sure, and how to read its pictures."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from delivery.test_report import make_evidence, make_result
from headstart.core.boxes import Boxes
from headstart.core.masks import Legend, Mask
from headstart.core.results import Figure
from headstart.delivery.report import Boxed, render
from headstart.delivery.report._answer import answer
from headstart.delivery.report._boxed import boxed
from headstart.delivery.report._drawn import drawn
from headstart.delivery.report._per_label import per_label
from headstart.delivery.report._trade_offs import trade_offs
from headstart.delivery.report.page import SECTIONS
from headstart.diagnosis._objects import not_looked_for
from headstart.diagnosis.base import Evidence
from headstart.diagnosis.label_errors import _worst

MASK = Mask(Path("a.png"), Legend(("sky",), (1,), ((0, 0, 200),)), (1, 1), (1, 0), "")

BOXES = [
    {"label": "cat", "objects": 14, "found": 3, "average_precision": Figure(0.25, 0.1, 0.4)},
    {"label": "dog", "objects": 2, "found": 0, "average_precision": math.nan},
]


def test_a_label_has_its_interval_below_its_figure() -> None:
    shown = per_label(replace(make_evidence(), per_label=BOXES, unit="object"))
    assert "25.0\u202f%<br><small>10.0–40.0\u202f%</small>" in shown
    assert "On the test examples, judged object by object. 95 % intervals stand below their figures." in shown
    assert ">objects</th>" in shown
    many = [{**BOXES[0], "label": f"c{i}", "average_precision": Figure(i / 30, 0, 1)} for i in range(25, 0, -1)]
    shown = per_label(replace(make_evidence(), per_label=[BOXES[1], *many]))
    assert shown.index(">c1<") < shown.index(">c2<") < shown.index(">c25<") < shown.index(">dog<")
    assert "interval" not in per_label(make_evidence())


def test_what_is_counted_is_named() -> None:
    counted = replace(make_evidence(), unit="pixel", summed_up="object")
    page = render(counted)
    assert "<h3>Objects in training examples</h3>" in page
    assert "On the test examples. Numbers are pixels. Each row is a true class" in page
    assert "<h3>Training examples</h3>" in render(make_evidence())
    assert "Numbers are" not in render(make_evidence())


def test_masks_and_classes_are_spoken_of_where_there_are_any() -> None:
    box = Boxed("a.jpg", "1 missed", "<img>")
    said = [boxed(replace(make_evidence(), boxed=[each])) for each in (box, box._replace(masked=True, named=True))]
    assert ["a mask is outlined" in each for each in said] == [False, True]
    assert ["say their class too" in each for each in said] == [False, True]


def test_both_axes_of_a_trade_off_have_a_name() -> None:
    shown = trade_offs(make_evidence())
    assert ">recall</text>" in shown
    assert ">precision</text>" in shown


def test_black_is_said_to_be_no_tint() -> None:
    shown = drawn(replace(make_evidence(), colours={"rest": (0, 0, 0), "sky": (0, 0, 200)}))
    assert "rest <small>(no tint: the picture, darker)</small></li>" in shown
    assert "sky</li>" in shown


def test_a_figure_of_ones_own_is_explained() -> None:
    result = replace(make_result(), test={"miou": Figure(0.5, 0.4, 0.6), "doubt_auroc": Figure(0.8, 0.7, 0.9)})
    shown = answer(replace(make_evidence(), result=result, higher_is_better={"miou": True, "doubt_auroc": True}))
    assert shown.count("figure-note") == 1
    assert "how often a wrong place is less sure than a right one" in shown


def test_findings_name_sections_that_there_are() -> None:
    targets = {"train": [Boxes((), (9, 9))]}
    evidence = Evidence(targets, {"train": ["a.jpg"]}, {}, {}, {}, {}, "map", {"map": True})
    (boxes,) = not_looked_for("outliers", "Outliers", evidence)
    steps = [boxes.next_step, *(_worst(replace(evidence, targets={"train": [each]})) for each in (1.5, MASK))]
    headings = [heading for heading, _ in SECTIONS.values()]
    assert [next(h for h in headings if h in step) for step in steps] == [
        "Misses and false alarms", "The worst mistakes", "Masks beside the truth",
    ]  # fmt: skip
