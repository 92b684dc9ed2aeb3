"""The page's pictures: each once, within the budget of bytes, the important ones first."""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from PIL import Image

from headstart.core.results import ExampleCounts, Finding, FindingExample, FitResult, Seconds
from headstart.delivery.report import Case, Mistake, ReportEvidence, render
from headstart.delivery.report._pictures import SMALL_SIDE, gallery


def picture(seed: int, side: int = 160) -> str:
    """Noise, which compresses worst."""
    pixels = np.random.default_rng(seed).integers(0, 255, (side, side, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=80)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'<img src="data:image/jpeg;base64,{data}" alt="a &lt;b&gt; &quot;c&quot;" width="{side}" height="{side}">'


def evidence(count: int) -> ReportEvidence:
    """`count` judged examples, each shown in a cell, some also as mistakes and by findings."""
    names = [f"test/{i:04}.jpg" for i in range(count)]
    found = [Finding("label_errors", "serious", "Wrong.", [FindingExample(name, 0.9) for name in names[:50]])]
    result = FitResult("t", "b", "c", 0, [], "", None, Seconds(), ExampleCounts(0, 0, count), found)
    return ReportEvidence(
        result, "accuracy", {}, "Right.",
        confusion=(["a", "b"], np.array([[0, count], [0, 0]])),
        cases=[Case(0, 1, name, 0.5) for name in names],
        mistakes=[Mistake(name, "a", "b", 0.5) for name in names[:20]],
        shown={name: picture(i) for i, name in enumerate(names)},
    )  # fmt: skip


def test_a_thousand_of_the_worst_pictures_stay_under_five_megabytes() -> None:
    given = evidence(1000)
    page = render(given)
    assert sum(map(len, given.shown.values())) > 15_000_000
    assert len(page.encode()) < 5_000_000
    kept = len(re.findall(r'<image id="p\d+"', page))
    assert 100 < kept < 1000
    assert f"shows {kept} examples and names {1000 - kept} more" in page
    assert f"the page has {kept} of the 1,000, mistakes first" in page


def test_a_picture_is_embedded_once_however_often_it_is_shown() -> None:
    page = render(evidence(5))
    assert page.count("data:image/jpeg") == 5
    assert page.count('href="#p0"') == 3  # as a mistake, by a finding, and in its cell


def test_pictures_become_references_that_keep_their_name_and_shape() -> None:
    made = gallery({"one": f"<b>{picture(1)}</b>", "text": "a &lt; b"})
    drawn = ElementTree.fromstring(made.fragments["one"])[0]
    assert drawn.attrib["aria-label"] == 'a <b> "c"'
    assert drawn.attrib["viewBox"] == "0 0 160 160"
    assert drawn[0].attrib["href"] == "#p0"
    assert made.fragments["text"] == "a &lt; b"
    assert ElementTree.fromstring(made.definitions)[0][0].attrib["id"] == "p0"


def test_later_pictures_are_made_smaller_and_the_last_left_out() -> None:
    full, small = len(picture(0)), len(gallery({"1": picture(1)}, as_given=0).definitions)
    assert small < full / 2
    made = gallery({str(i): picture(i) for i in range(5)}, full + 200, full + 200 + int(2.5 * small))
    assert list(made.fragments) == ["0", "1", "2"]
    assert made.left_out == 2
    sides = re.findall(r'<image id="p\d" width="(\d+)"', made.definitions)
    assert sides == ["160", str(SMALL_SIDE), str(SMALL_SIDE)]


@pytest.mark.parametrize("tag", ['<img src="data:image/jpeg;base64,AAAA" alt="x">', '<img src="https://x/y.png">'])
def test_what_is_no_embedded_picture_stays(tag: str) -> None:
    assert gallery({"one": tag}, as_given=0).fragments == {"one": tag}


def test_the_same_picture_under_two_names_is_embedded_once() -> None:
    made = gallery({"one": picture(1), "copy": picture(1)})
    assert made.fragments["one"] == made.fragments["copy"]
    assert made.definitions.count("<image") == 1
