"""The report in a real browser: nothing clipped on a phone or a wide screen, no error, and cells that open."""

from __future__ import annotations

import base64
import html
import io
import itertools
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from browser import program
from headstart.core.results import ExampleCounts, Figure, Finding, FindingExample, FitResult, RungResult, Seconds
from headstart.delivery.report import (
    Alternative,
    Bin,
    Case,
    Explained,
    Mistake,
    Near,
    Reason,
    ReportEvidence,
    Sample,
    render,
)

CLASSES, WIDTHS = (77, 9), (380, 1400)
MARKUP = "<script>console.error('run')</script><img src=x onerror=console.error(1)> & \"quotes\""

EARLY = """<script>
const seen = [];
console.error = (...words) => seen.push(words.join(' '));
addEventListener('error', e => seen.push('error: ' + (e.message || e.target.outerHTML)), true);
addEventListener('securitypolicyviolation', e => seen.push('blocked: ' + e.blockedURI));
</script>"""
"""Notes errors, from before anything else on the page."""

PROBE = r"""<script>
addEventListener('load', () => {
  const name = e => e.tagName + '.' + (e.getAttribute('class') || '') + ' ' + e.textContent.slice(0, 50);
  const scrolls = e => e && e !== document.documentElement &&
    (/auto|scroll/.test(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  const wide = document.documentElement.clientWidth, outside = [], clipped = [];
  const measure = root => {
    for (const e of root.querySelectorAll('*')) {
      const box = e.getBoundingClientRect(), style = getComputedStyle(e);
      if (!box.width || e.closest('.pictures')) continue;
      if ((box.right > wide + 1 || box.left < -1) && !scrolls(e.parentElement)) outside.push(name(e));
      const hidden = o => /hidden|clip/.test(o) && !e.closest('svg');
      if ((hidden(style.overflowX) && e.scrollWidth > e.clientWidth + 1) ||
          (hidden(style.overflowY) && e.scrollHeight > e.clientHeight + 1)) clipped.push(name(e));
    }
  };
  document.querySelectorAll('details').forEach(d => d.open = true);
  measure(document.body);
  const page = [document.documentElement.scrollWidth, wide];
  const button = document.querySelector('button.cell');
  const panel = document.getElementById(button.getAttribute('popovertarget'));
  const before = panel.matches(':popover-open');
  button.focus();
  const reached = document.activeElement === button;
  button.click();
  const box = panel.getBoundingClientRect();
  const opened = {
    before, reached, after: panel.matches(':popover-open'), cards: panel.querySelectorAll('.card').length,
    pictures: [...panel.querySelectorAll('.pic')].filter(p => p.getBoundingClientRect().width > 40).length,
    inside: box.left >= 0 && box.right <= innerWidth && panel.scrollWidth <= panel.clientWidth,
    focus: panel.contains(document.activeElement), name: button.getAttribute('aria-label'),
  };
  measure(panel);
  panel.querySelector('button').click();
  opened.closed = !panel.matches(':popover-open');
  const unnamed = [...document.querySelectorAll('button, a, summary, [role=img], [role=region]')].filter(
    e => !(e.getAttribute('aria-label') || e.textContent.trim())).map(name);
  const path = location.pathname, width = innerWidth;
  parent.postMessage({path, width, seen, page, outside, clipped, opened, unnamed}, '*');
});
</script>"""

WRAPPER = """<!doctype html><body style="margin:0"><pre id="found"></pre><script>
const found = [];
addEventListener('message', e => {{ found.push(e.data); document.getElementById('found').textContent =
  JSON.stringify(found); }});
</script>{frames}</body>"""


def picture(seed: int) -> str:
    pixels = np.random.default_rng(seed).integers(0, 255, (12, 16, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize((160, 120)).save(buffer, "JPEG", quality=80)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'<img src="data:image/jpeg;base64,{data}" alt="{html.escape(MARKUP)}" width="160" height="120">'


def awkward(classes: int) -> ReportEvidence:
    """77 or few classes with very long names, long file names, markup, and a finding about 100 examples."""
    labels = [f"class_{i:02} {'Donaudampfschifffahrtsgesellschaftskapitänsmützen' * (i % 3)}" for i in range(classes)]
    labels[1] = MARKUP
    names = [f"/a/very/long/{'folder_without_end' * 5}/photo {i:04}.jpeg" for i in range(160)]
    counts = np.zeros((classes, classes), dtype=int)
    cases = [Case(i % classes, (i * i) % classes, name, 0.5 + i / 400) for i, name in enumerate(names)]
    for case in cases:
        counts[case.truth, case.said] += 1
    shown = {name: picture(i) if i % 5 else html.escape(f"{MARKUP} {'word ' * 60}") for i, name in enumerate(names)}
    examples = [FindingExample(name, 0.9) for name in names[:60]]
    examples += [FindingExample(f"{'unreadable' * 20}{i}.jpg", 1234567.0) for i in range(40)]
    said = f"{MARKUP} in {'a' * 90}."
    found = [
        Finding("label_errors", "serious", said, examples, said),
        Finding("a_" * 30, "warning", said),
        Finding("imbalance", "info", said, examples[:3]),
    ]
    reasons = [
        Reason("grad_cam", picture(7).replace('width="160"', 'width="420"'), doubted=True, checks=[(True, said)]),
        Reason("integrated_gradients", f'<p class="marked">{"unbreakable" * 30}</p>', checks=[(None, said)]),
        Reason("nearest_examples", near=[Near(labels[2], name, 0.91) for name in names[:4]]),
    ]
    explained = [Explained(names[i], labels[2], MARKUP, bool(i % 2), reasons, 0.7) for i in range(2)]
    return ReportEvidence(
        result=result_of(found),
        watched="accuracy",
        higher_is_better={"accuracy": True},
        headline=f"Right on 60 % of {'x' * 60}",
        title="t" * 80,
        baseline=[said],
        next_step=said,
        confusion=(labels, counts),
        per_label=[{"label": label, "examples": 15, "precision": 0.5, "recall": 0.5, "f1": 0.1} for label in labels],
        cases=cases,
        mistakes=[Mistake(name, labels[2], MARKUP, 0.9) for name in names[:20]],
        reliability=[Bin(0.6, 0.5, 10), Bin(0.9, 0.95, 20)],
        data_summary=[(label, 60_000) for label in labels],
        samples=[Sample(labels[i % classes], name) for i, name in enumerate(names[:30])],
        gains=[Alternative("shallow", said, Figure(0.5, 0.4, 0.6), Figure(0.1, 0.0, 0.2))],
        curve=[(size, 0.5 + size / 400 + draw / 50) for draw in range(3) for size in (20, 40, 80)],
        explained=explained,
        unexplained=said,
        shown=shown,
        truths=dict.fromkeys(shown, labels[2]),
        settings={"set aside": said},
        provenance={"data": names[0]},
        repeat=f"headstart fit {names[0]}",
    )


def result_of(found: list[Finding]) -> FitResult:
    points = [{"epoch": e, "train_loss": 1 / e, "validation_loss": 2 / e, "accuracy": 1 - 1 / e} for e in (1, 2, 3)]
    figures = {"accuracy": Figure(0.6, 0.5, 0.7)}
    rungs = [
        RungResult("feature_extraction", "feature_extraction", 6, 4.0, 5.0, 1234, figures, reason="x" * 200),
        RungResult("r" * 70, "s" * 40, 0, 3000.0, 4000.0, 99_000_000, figures, True, MARKUP, points),
        RungResult("dearest", "tuning", 0, 80_000.0, reason="over the budget"),
    ]
    counts, seconds = ExampleCounts(100, 20, 30, 2), Seconds(1.0, 2.0, 30.0, 4000.0)
    return FitResult("sorting", "zoo/" + "n" * 60, "r" * 70, 0, rungs, MARKUP, figures, seconds, counts, found)


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[int, int], dict[str, Any]]:
    """What the probe found, by the number of classes of a page and the width of the window."""
    program()
    folder, frames = tmp_path_factory.mktemp("browser"), ""
    for classes in CLASSES:
        page = render(awkward(classes)).replace("<head>", f"<head>{EARLY}").replace("</body>", f"{PROBE}</body>")
        (folder / f"{classes}.html").write_text(page, encoding="utf-8")
        for width in WIDTHS:
            frames += f'<iframe src="{classes}.html" width="{width}" height="900" style="border:0"></iframe>'
    (folder / "wrapper.html").write_text(WRAPPER.format(frames=frames), encoding="utf-8")
    found = json.loads(html.unescape(re.search(r'<pre id="found">(.*?)</pre>', dumped(folder), re.DOTALL)[1]))  # type: ignore[index]
    places = [(int(Path(each["path"]).stem), each["width"]) for each in found]
    assert sorted(places) == sorted(itertools.product(CLASSES, WIDTHS))
    return dict(zip(places, found, strict=True))


@pytest.fixture(scope="module", params=CLASSES)
def looked(
    request: pytest.FixtureRequest, probed: dict[tuple[int, int], dict[str, Any]]
) -> dict[int, dict[str, Any]]:
    """What the probe found on a page of so many classes, by the width of the window."""
    return {width: probed[request.param, width] for width in WIDTHS}


def dumped(folder: Path) -> str:
    """The wrapper's document after its scripts have run."""
    done = subprocess.run(
        [
            program(), "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--dump-dom",
            f"--user-data-dir={folder / 'profile'}", "--window-size=1500,4000", "--virtual-time-budget=20000",
            (folder / "wrapper.html").as_uri(),
        ],
        capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_goes_wrong_and_nothing_is_clipped(looked: dict[int, dict[str, Any]], width: int) -> None:
    found = looked[width]
    assert found["seen"] == []
    assert found["page"][0] <= found["page"][1]
    assert found["outside"] == []
    assert found["clipped"] == []
    assert found["unnamed"] == []


@pytest.mark.parametrize("width", WIDTHS)
def test_a_click_on_a_cell_shows_its_examples(looked: dict[int, dict[str, Any]], width: int) -> None:
    opened = looked[width]["opened"]
    assert opened["reached"]
    assert not opened["before"]
    assert opened["after"]
    assert opened["cards"] >= 1
    assert opened["pictures"] >= 1
    assert opened["inside"]
    assert opened["focus"]
    assert opened["closed"]
    assert opened["name"].endswith("show examples")
