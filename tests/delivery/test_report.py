"""The report page: whole, self-contained, escaped, honest about what it has, and drawn where it should be."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files

import numpy as np
import pytest

from headstart.core.results import (
    ExampleCounts,
    Figure,
    Finding,
    FindingExample,
    FitResult,
    RungResult,
    Seconds,
    TaskGain,
)
from headstart.core.trade_offs import TradeOff
from headstart.delivery.report import (
    Alternative,
    Bin,
    Boxed,
    Case,
    Drawn,
    Explained,
    Mistake,
    Near,
    Reason,
    ReportEvidence,
    Sample,
    render,
)
from headstart.delivery.report._against_rest import against_rest
from headstart.delivery.report._calibration import calibration_error
from headstart.delivery.report._confusion import confused_pairs
from headstart.delivery.report._curves import curves
from headstart.delivery.report._growth import growth_of
from headstart.delivery.report._ladder import ladder_axis
from headstart.delivery.report._names import titled
from headstart.delivery.report._trade_offs import trade_offs
from headstart.delivery.report.page import SECTIONS

EVIL = "<script>alert('x')</script>&\"'"
VOID = {"meta", "link", "br", "img", "input", "wbr", "hr"}


def make_result() -> FitResult:
    curve = [
        {"epoch": 1, "train_loss": 1.0, "validation_loss": 0.9, "accuracy": 0.80},
        {"epoch": 2, "train_loss": 0.5, "validation_loss": 0.6, "accuracy": 0.90},
        {"epoch": 3, "train_loss": 0.2, "validation_loss": math.nan, "accuracy": 0.86},
    ]
    rungs = [
        RungResult("cheap", "probing", 6, 4.0, 5.0, 1234, {"accuracy": Figure(0.955, 0.94, 0.97)}, reason="first"),
        RungResult("dear", "tuning", 0, 30.0, 40.0, 99, {"accuracy": Figure(0.98, 0.96, 0.997)}, True, "best", curve),
        RungResult("dearest", "tuning", 0, 80.0, reason="over the budget"),
    ]
    example = FindingExample("train/7.jpg", 0.93)
    found = [
        Finding("size", "info", "Small set.", [], ""),
        Finding("label_errors", "serious", "One wrong label.", [example], "Correct it."),
    ]
    test = {"macro_f1": Figure(0.96, 0.9, 0.99), "accuracy": Figure(0.97, 0.93, 0.99)}
    counts, seconds = ExampleCounts(100, 20, 30, 2), Seconds(1.0, 2.0, 30.0, 40.0)
    together, alone, gain = Figure(0.9, 0.8, 0.95), Figure(0.85, 0.8, 0.9), Figure(0.05, 0.01, 0.1)
    return FitResult(
        "sorting", "zoo/net", "dear", 0, rungs, "the budget is spent", test, seconds, counts, found,
        by_class=BY_CLASS_FIGURES, tasks=[TaskGain("team", "dear", "accuracy", together, alone, gain)],
    )  # fmt: skip


BY_CLASS_FIGURES = {
    "auroc": {"bus": [0.987, 0.9, 1.0], "car": [0.912, 0.8, 0.97]},
    "sensitivity": {"bus": [14 / 15, 0.7, 0.98], "car": [1.0, 0.8, 1.0]},
    "specificity": {"bus": [1.0, 0.8, 1.0], "car": [14 / 15, 0.7, 0.98]},
    "operating_point": {
        "bus": {"threshold": 0.314, "sensitivity": [0.8, 0.5, 0.9], "specificity": [None, 0.0, 1.0]},
    },
}


def make_evidence(label: str = "bus") -> ReportEvidence:
    return ReportEvidence(
        drawn=[Drawn("street.jpg", 0.2, "<q>strip</q>")],
        colours={"sky": (0, 0, 200)},
        result=make_result(),
        watched="accuracy",
        higher_is_better={"accuracy": True, "macro_f1": True},
        headline="29 of 30 are right.",
        title="vehicles",
        baseline=["Guessing is right 50 % of the time."],
        next_step="Get more data.",
        confusion=([label, "car"], np.array([[14, 1], [0, 15]])),
        per_label=[
            {"label": label, "examples": 15, "recall": 14 / 15},
            {"label": "car", "examples": 15, "recall": 1.0},
        ],
        mistakes=[Mistake(f"test/{label}", label, "car", 0.9)],
        reliability=[Bin(0.6, 0.5, 10), Bin(0.9, 0.95, 20)],
        data_summary=[(label, 60), ("car", 40)],
        samples=[Sample(label, "train/1.jpg")],
        cases=[Case(0, 1, f"test/{label}", 0.9), Case(0, 0, "test/2.jpg", 0.6), Case(1, 1, "not shown")],
        gains=[
            Alternative("shallow", "a shallow model", Figure(0.8, 0.7, 0.9), Figure(0.17, 0.1, 0.25)),
            Alternative(label, "another way", Figure(0.5, 0.4, 0.6), Figure(0.47, 0.4, 0.5)),
        ],
        curve=[(size, 1 - (1 + draw / 10) * size**-0.5) for draw in range(5) for size in (25, 50, 75, 100)],
        explained=[
            Explained(
                f"test/{label}", label, "car", False, [Reason("nearest_examples", near=[Near(label, "n", 0.9)])]
            ),
            Explained(
                "test/2.jpg", label, label, True, [Reason("grad_cam", "<s>map</s>", (), True, [(None, label)])]
            ),
        ],
        shown={
            f"test/{label}": "<b>fragment</b>",
            "train/7.jpg": "<u>seven</u>",
            "train/1.jpg": "<i>sample</i>",
            "test/2.jpg": "<q>two</q>",
        },
        truths={"train/7.jpg": label},
        extension=[("", "accuracy", "interval", ""), ("old classes, now", "94.3 %", "92.7–95.6 %", f"9 {label}")],
        trade_offs=[TradeOff(label, [(0.5, 1.0), (1.0, 0.6)], 3, 1, 2, 0.8)],
        boxed=[Boxed(f"test/{label}", "1 missed", '<img alt="">')],
        settings={"seed": "0"},
        provenance={"data": label},
        repeat=f"headstart fit {label}",
    )


class Outline(HTMLParser):
    """Checks that tags close in order, and collects tags, texts and attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def sections(page: str) -> list[str]:
    return re.findall(r'<section id="(\w+)"', page)


def test_page_is_well_formed_and_in_order() -> None:
    page = render(make_evidence())
    outline = Outline(page)
    assert outline.open == []
    assert [tag for tag, _ in outline.tags].count("h1") == 1
    assert sections(page) == list(SECTIONS)
    assert page.index('id="answer"') < page.index('id="ladder"')


def test_old_and_new_classes_stand_apart() -> None:
    page = render(make_evidence())
    table = page[page.index('<section id="extension"') : page.index('<section id="ladder"')]
    assert re.findall(r"<td[^>]*>(.*?)</td>", table) == ["94.3 %", "92.7–95.6 %", "9 bus"]
    assert '<section id="extension"' not in render(replace(make_evidence(), extension=()))


def test_page_needs_nothing_but_itself() -> None:
    page = render(make_evidence())
    assert not re.search(r"https?://|@import|url\(", page)
    outline = Outline(page)
    targets = {attributes["popovertarget"] for _, attributes in outline.tags if "popovertarget" in attributes}
    assert targets == {"cell-0-0", "cell-0-1"}
    assert targets <= {attributes.get("id") for _, attributes in outline.tags}
    tags = Outline(page).tags
    assert not {"script", "link", "iframe", "object", "embed"} & {tag for tag, _ in tags}
    assert not any(name.startswith("on") for _, attributes in tags for name in attributes)
    links = [attributes["href"] for tag, attributes in tags if tag == "a"]
    ids = {attributes.get("id") for _, attributes in tags}
    assert links
    assert all(link and link.startswith("#") and link[1:] in ids for link in links)


def test_every_drawing_is_xml_and_has_a_name() -> None:
    drawings = re.findall(r"<svg.*?</svg>", render(make_evidence(EVIL)), re.DOTALL)
    roots = [ElementTree.fromstring(drawing) for drawing in drawings]
    # three rungs: axis, three plots, three costs; one rung's two charts; one reliability diagram; three bars of what
    # transfer gave; one learning curve; one line of precision against recall
    assert len(roots) == 15
    named = [root for root in roots if root.get("role") == "img"]
    assert len(named) == 14
    assert all(root.get("aria-label") for root in named)


def test_hostile_words_are_escaped_everywhere() -> None:
    evidence = make_evidence(EVIL)
    result = evidence.result
    result.rungs[0].name = result.rungs[1].name = result.chosen = EVIL
    result.rungs[0].reason = result.rungs[1].strategy = result.backbone = result.stopped_because = EVIL
    result.findings = [Finding(EVIL, "warning", EVIL, [FindingExample(EVIL, 1.0)], EVIL)]
    result.test = {EVIL: Figure(0.9, 0.8, 1.0), "accuracy": Figure(0.9, 0.8, 1.0)}
    evidence = replace(
        evidence,
        headline=EVIL,
        title=EVIL,
        baseline=[EVIL],
        next_step=EVIL,
        measured_on=EVIL,
        per_label=[{"label": EVIL, EVIL: EVIL}],
        extension=[(EVIL,) * 4] * 2,
        drawn=[Drawn(EVIL, 0.2, "")],
        colours={EVIL: (0, 0, 200)},
        settings={EVIL: EVIL},
        provenance={EVIL: EVIL},
    )
    page = render(evidence)
    assert "<script" not in page
    outline = Outline(page)
    assert outline.open == []
    # Unescaped quotes would end an attribute early and leave rubbish behind as attribute names.
    assert all(re.fullmatch(r"[a-zA-Z-]+[0-9]?", name) for _, attributes in outline.tags for name in attributes)
    assert page.count("&lt;script&gt;") >= 25


def test_fragments_are_taken_as_they_are() -> None:
    page = render(make_evidence())
    assert "<b>fragment</b>" in page
    assert "<i>sample</i>" in page
    assert "<u>seven</u>" in page
    assert "<s>map</s>" in page
    assert "<q>strip</q>" in page


@pytest.mark.parametrize(
    ("section", "emptied"),
    [
        ("confusion", {"confusion": None}),
        ("classes", {"per_label": []}),
        ("calibration", {"reliability": []}),
        ("masks", {"drawn": []}),
        ("mistakes", {"mistakes": []}),
        ("trade_offs", {"trade_offs": []}),
        ("boxes", {"boxed": []}),
        ("against", {"result": replace(make_result(), by_class=None)}),
        ("provenance", {"settings": {}, "provenance": {}, "repeat": ""}),
        ("gains", {"gains": []}),
        ("growth", {"curve": []}),
        ("reasons", {"explained": []}),
    ],
)
def test_a_section_is_there_only_with_evidence(section: str, emptied: dict) -> None:
    page = render(replace(make_evidence(), **emptied))
    assert section not in sections(page)
    assert f'href="#{section}"' not in page
    assert len(sections(page)) == len(SECTIONS) - 1


def test_an_almost_empty_result_still_makes_a_page() -> None:
    result = FitResult("sorting", "zoo/net", "dear", 0, [], "", None, Seconds(), ExampleCounts())
    page = render(ReportEvidence(result, "accuracy", {}, "Nothing was measured."))
    assert sections(page) == []
    assert Outline(page).open == []


def test_each_class_against_the_rest_the_worst_first() -> None:
    drawn = against_rest(make_evidence())
    cells = re.findall(r"<t[hd] [^>]*>(.*?)</t[hd]>", drawn.split("<tbody>")[1])
    assert [cells[0], cells[7]] == ["car", "bus"]
    assert cells[1] == "0.912<br><small>0.800–0.970</small>"
    assert cells[4:7] == ["–"] * 3  # of cars none has a threshold
    assert cells[11] == "0.314"
    assert cells[13].startswith("–<br>")
    assert against_rest(replace(make_evidence(), result=replace(make_result(), test=None))) == ""


def test_a_caution_stands_at_the_top() -> None:
    page = render(replace(make_evidence(), caution="Not for <patients>."))
    assert "Not for &lt;patients&gt;." in page.split("</header>")[0]


def test_dot_and_whisker_stand_where_hand_computation_puts_them() -> None:
    # Values 0.94 … 0.997: the axis runs from 0.94 to 1.00 (see test_report_numbers). So the dot of 0.955 lies at
    # (0.955 - 0.94) / 0.06 = 25 %, and its interval 0.94 … 0.97 from 0 % to 50 %; the dot of 0.98 at 66.67 %.
    evidence = make_evidence()
    assert (ladder_axis(evidence).low, ladder_axis(evidence).high) == (0.94, 1.0)
    plots = re.findall(r'<div class="plot">(<svg role.*?</svg>)', render(evidence), re.DOTALL)
    first, second, third = (ElementTree.fromstring(plot) for plot in plots[:3])
    assert first.find("circle").attrib["cx"] == "25.00%"  # type: ignore[union-attr]
    assert second.find("circle").attrib["cx"] == "66.67%"  # type: ignore[union-attr]
    assert third.find("circle") is None
    whisker = next(line for line in first.findall("line") if line.get("class") == "whisker")
    assert (whisker.get("x1"), whisker.get("x2")) == ("0.00%", "50.00%")


def test_cost_bars_share_one_scale() -> None:
    # The dearest cost is the 80 s predicted for the third rung: 5 s taken are 6.25 %, 4 s predicted are 5 %.
    page = render(make_evidence())
    assert '<rect class="spent" width="6.25%"' in page
    assert '<line class="predicted" x1="5.00%"' in page
    assert "took not run, predicted 1 min 20 s" in page


def test_curves_mark_the_best_epoch_and_skip_what_is_no_number() -> None:
    drawn = curves(make_evidence())
    assert "best 0.600 at epoch 2" in drawn
    assert "best 90.0\u202f% at epoch 2" in drawn
    # Epochs 1–3 span x from 46 to 264, so epoch 2 is at 155. Accuracy 0.8–0.9 wants steps of 0.1 / 4, so 0.05,
    # and the axis ends at 0.90: the best is at the top, y = 10.
    assert '<circle class="best" cx="155.0" cy="10.0"' in drawn
    validation = re.search(r'class="line validation" points="([^"]*)"', drawn)
    assert validation
    assert len(validation[1].split()) == 2


def test_curves_of_training_alone_are_not_said_to_show_overfitting() -> None:
    """Where none are held out, rungs that train have no validation loss."""
    evidence = make_evidence()
    for rung in evidence.result.rungs:
        rung.curve = [{"epoch": point["epoch"], "train_loss": point["train_loss"]} for point in rung.curve]
    drawn = curves(evidence)
    assert "No examples were held out: training loss alone is drawn" in drawn
    assert "alidation" not in drawn


def test_lower_is_better_is_said_and_used() -> None:
    evidence = replace(make_evidence(), higher_is_better={"accuracy": False, "macro_f1": True})
    page = render(evidence)
    assert "better is to the left" in page
    assert "lower is better" in page
    assert "best 0.800 at epoch 1" in page  # and no percent for a figure that is better when lower


def test_answer_puts_the_watched_figure_first() -> None:
    page = render(make_evidence())
    assert page.index("97.0\u202f%") < page.index("96.0\u202f%")
    assert "95 % interval 93.0–99.0\u202f%" in page
    assert "on 30 test examples" in page
    assert "the rest 7.0" in page  # 40 s less 1 + 2 + 30


def test_without_a_test_split_the_answer_is_the_kept_rung_and_says_so() -> None:
    evidence = make_evidence()
    evidence.result.test = None
    page = render(evidence)
    assert "20 validation examples that also chose the rung" in page
    assert '<span class="figure-value">98.0\u202f%</span>' in page


def test_without_held_out_examples_no_section_speaks_of_them() -> None:
    """Too few examples to hold any out: each was judged by a model that did not see it."""
    evidence = make_evidence()
    result = replace(evidence.result, test=None, by_class=None, examples=ExampleCounts(40, 0, 0, 0))
    page = render(replace(evidence, result=result, measured_on="validation"))
    assert "validation examples" not in page
    assert "The validation" not in page
    assert "On the training examples, each judged by a model that did not see it. Each row is a true class" in page
    assert "The accuracy of each rung on the training examples, each judged" in page


def test_what_judges_the_page_and_the_rungs_is_named_apart() -> None:
    page = render(make_evidence())
    assert "On the test examples. Each row is a true class" in page
    assert "The accuracy of each rung on the validation examples, with its 95 % interval" in page


def test_findings_run_from_serious_to_info() -> None:
    page = render(make_evidence())
    assert page.index("One wrong label.") < page.index("Small set.")
    assert '<div class="label"><dt>label</dt><dd>bus</dd></div>' in page[page.index("One wrong label.") :]
    assert '<a href="#findings">1 serious, 1 note</a>' in page


def test_examples_of_a_finding_that_cannot_be_shown_are_named() -> None:
    evidence = make_evidence()
    examples = [FindingExample("train/7.jpg", 0.5), FindingExample("broken.jpg", 0.25)]
    evidence.result.findings = [Finding("unreadable", "warning", "Some.", examples)]
    page = render(evidence)
    assert page.count("<u>seven</u>") == 1
    assert "1 example by name, with its score" in page
    assert "<li>broken.jpg <span>0.250</span></li>" in page


def test_many_classes_show_confused_pairs_and_the_weakest_labels() -> None:
    labels = [f"c{i:02}" for i in range(21)]
    counts = np.diag(np.full(21, 9))
    counts[3, 5], counts[4, 0] = 3, 1
    rows = [{"label": label, "examples": 9, "f1": 0.5 + i / 100} for i, label in enumerate(reversed(labels))]
    page = render(replace(make_evidence(), confusion=(labels, counts), per_label=rows))
    assert '<table class="confusion' not in page
    assert confused_pairs(counts) == [(3, 5), (4, 0)]
    assert "The 2 most frequent of 2 confused pairs" in page
    row = re.search(r"<tr><td>c03</td><td>c05</td>(.*?)</tr>", page)
    assert row
    assert '>3</span></td><td class="number">25.0\u202f%</td>' in row[1]  # a share of 12, and no examples to open
    assert "The right predictions, class by class" in page
    table = page[page.index('id="classes"') :]
    assert table.index(">c20<") < table.index(">c19<") < table.index("The other 9") < table.index(">c00<")


def test_more_pairs_than_fit_lie_in_a_region_that_scrolls() -> None:
    labels = [f"c{i:02}" for i in range(30)]
    counts = np.eye(30, k=1, dtype=int) + np.diag(np.full(30, 5))
    page = render(replace(make_evidence(), confusion=(labels, counts)))
    assert "The 15 most frequent of 29 confused pairs" in page
    rest = page[page.index("The other 14 pairs") :]
    assert '<div class="wide tall" role="region" aria-label="The other 14 pairs" tabindex="0">' in rest
    assert rest.index("<td>c15</td><td>c16</td>") < rest.index("The right predictions")


def test_a_cell_opens_the_examples_that_lie_in_it() -> None:
    page = render(make_evidence())
    button = re.search(r'<td class="wrong"[^>]*><button ([^>]*)>1</button>', page)
    assert button
    assert 'popovertarget="cell-0-1"' in button[1]
    assert 'aria-label="bus taken for car: 1 of 15: show examples"' in button[1]
    panel = page[page.index('<div popover id="cell-0-1"') :]
    assert panel.index("<b>fragment</b>") < panel.index("</ul>")
    # 30 examples are in the table, two of them with something to show; the third case has none
    assert "the page has 2 of the 30, mistakes first" in page
    assert '<span title="car: 15 of 15 right">15</span>' in page


def test_the_bars_of_transfer_begin_at_nought() -> None:
    # The model's 0.97 with 0.93 to 0.99, on an axis from 0 to 1: so the bar is 97 % long, the whisker ends at 99 %.
    section = render(make_evidence()).split('<section id="gains"')[1].split("</section>")[0]
    assert '<rect class="spent" x="0.00%" width="97.00%"' in section
    assert '<line class="whisker" x1="93.00%" x2="99.00%"' in section
    assert "Transfer gave 17.0\u202fpoints over a shallow model, the best of the ways without it" in section
    assert "+10.0 to +25.0\u202fpoints" in section


@pytest.mark.parametrize(
    ("gain", "said"),
    [
        (Figure(-0.2, -0.3, -0.1), "Transfer hurt here: a shallow model does better by 20.0\u202fpoints"),
        (Figure(0.02, -0.1, 0.1), "What transfer gave over a shallow model cannot be told from chance"),
    ],
)
def test_transfer_that_does_not_pay_is_said_to(gain: Figure, said: str) -> None:
    alternative = Alternative("shallow", "a shallow model", Figure(0.9, 0.8, 1.0), gain)
    assert said in render(replace(make_evidence(), gains=[alternative]))


def test_what_is_worse_on_few_examples_only_may_hurt() -> None:
    few = Alternative(
        "random_weights", "random weights", Figure(0.7, 0.5, 0.8), Figure(-0.2, -0.3, -0.1), of_few=True
    )
    page = render(replace(make_evidence(), gains=[few]))
    assert "Transfer may hurt here: random weights does better by 20.0\u202fpoints" in page
    assert "a head of as few examples is worse" in page
    assert "the model is worse" not in page
    shallow = Alternative("shallow", "a shallow model", Figure(0.9, 0.8, 1.0), Figure(-0.1, -0.2, -0.05))
    page = render(replace(make_evidence(), gains=[few, shallow]))
    assert "Transfer hurt here: a shallow model does better by 10.0\u202fpoints" in page


def test_what_too_few_examples_compared_is_shown_and_does_not_lead() -> None:
    told = Alternative("shallow", "a shallow model", Figure(0.8, 0.7, 0.9), Figure(0.17, 0.1, 0.25))
    few = Alternative("random_weights", "random weights", Figure(0.6, 0.4, 0.8), Figure(0.1, -0.2, 0.4), of_few=True)
    page = render(replace(make_evidence(), gains=[told, few]))
    assert "Transfer gave 17.0\u202fpoints over a shallow model (" in page
    assert "too few examples to tell" in page


def test_the_curve_goes_on_to_twice_the_examples() -> None:
    found = growth_of(make_evidence())
    assert found
    assert found.sizes == [25, 50, 75, 100]
    assert (found.ahead[0][0], found.ahead[-1][0]) == (120, 240)  # 100 to train on and 20 held out
    # The draws are 1 - (1 + draw / 10) n^-0.5: their mean at 240 is 1 - 1.2 / 240^0.5 = 0.9225.
    low, high = found.ahead[-1][1].low, found.ahead[-1][1].high
    assert low < 0.9225 < high
    assert "with twice as many, 240, it would be about" in render(make_evidence())


@pytest.mark.parametrize(
    "curve", [[(10, 0.5), (10, 0.6), (20, 0.7), (20, 0.7)], [(10, 0.5), (20, 0.6), (40, 0.7)], [(500, 0.5)]]
)
def test_too_short_a_curve_is_not_drawn(curve: list[tuple[int, float]]) -> None:
    assert growth_of(replace(make_evidence(), curve=curve)) is None


def test_explanations_show_wrong_before_right_and_what_is_not_to_be_trusted() -> None:
    page = render(replace(make_evidence(), unexplained="1 of 3 is missing."))
    section = page.split('<section id="reasons"')[1].split("</section>")[0]
    assert section.index("Wrong predictions") < section.index("Right predictions") < section.index("<s>map</s>")
    assert section.count("Not to be trusted") == 1
    assert "Its own checks: 1 not judged" in section  # one that was not judged has not failed
    assert "<strong>not judged:</strong> bus" in section
    assert "1 of 3 is missing." in section
    alone = render(replace(make_evidence(), explained=[], unexplained="No time."))
    assert "No time." in alone.split('<section id="reasons"')[1].split("</section>")[0]


def test_how_to_repeat_it_is_said() -> None:
    assert "<code>headstart fit bus</code>" in render(make_evidence())


def test_calibration_error_by_hand() -> None:
    # 10/30 · |0.5 - 0.6| + 20/30 · |0.95 - 0.9| = 0.0333 + 0.0333
    assert calibration_error([Bin(0.6, 0.5, 10), Bin(0.9, 0.95, 20)]) == pytest.approx(0.2 / 3)


def colours(css: str) -> dict[str, tuple[float, ...]]:
    pairs = re.findall(r"--([\w-]+): #([0-9a-f]{6})", css)
    return {name: tuple(int(value[i : i + 2], 16) / 255 for i in (0, 2, 4)) for name, value in pairs}


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Contrast ratio of WCAG 2.2, section "relative luminance"."""

    def luminance(colour: tuple[float, ...]) -> float:
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_keeps_its_contrast(theme: str) -> None:
    css = files("headstart.delivery.report").joinpath("style.css").read_text(encoding="utf-8")
    light, dark = css.split("@media screen and (prefers-color-scheme: dark)")
    part = light if theme == "light" else dark.split("}\n}")[0]
    colour = colours(part)
    for ground in ("page", "surface"):
        for ink in ("ink", "muted", "accent"):
            assert contrast(colour[ink], colour[ground]) >= 4.5
    for tone in ("serious", "warning", "info", "accent"):
        assert contrast(colour[tone], colour[f"{tone}-soft"]) >= 4.5
    heat = float(re.search(r"--heat: (\d+)%", part)[1]) / 100 + 0.08  # type: ignore[index]
    for tint in ("accent", "mistake"):
        for share in np.linspace(0, heat, 9):
            mixed = tuple(share * a + (1 - share) * b for a, b in zip(colour[tint], colour["surface"], strict=True))
            assert contrast(colour["ink"], mixed) >= 4.5
    empty = tuple(0.35 * a + 0.65 * b for a, b in zip(colour["line"], colour["surface"], strict=True))
    assert contrast(colour["muted"], empty) >= 4.5


def test_the_point_in_use_lies_where_hand_computation_puts_it() -> None:
    """3 of 4 found, 2 false alarms: recall 75 % and precision 60 %, of 180 pixels from (62, 10)."""
    drawn = trade_offs(make_evidence())
    assert re.search(r"3 of 4 found, 2 false alarms, average precision 80\.0\s% at an overlap of one half", drawn)
    assert 'points="152.0,10.0 242.0,82.0"' in drawn
    assert '<circle class="bubble" cx="197.0" cy="82.0"' in drawn


@pytest.mark.parametrize(
    ("name", "said"), [("macro_f1", "Macro F1"), ("map50", "mAP@50"), ("mae", "Mean absolute error"), ("r2", "R²")]
)
def test_a_line_begins_with_a_capital_unless_the_name_has_its_own(name: str, said: str) -> None:
    assert titled(name) == said
