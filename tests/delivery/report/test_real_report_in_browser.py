"""The report of a real fit in a real browser: light, dark and printed, and worked by the keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import headstart.delivery.report
from browser import Browser, program
from headstart.delivery.report._strips import strip

STYLE = Path(headstart.delivery.report.__file__).parent / "style.css"

CLIPPED = r"""(() => {
  document.querySelectorAll('details').forEach(d => d.open = true);
  const wide = document.documentElement.clientWidth;
  const scrolls = e => e && e !== document.documentElement &&
    (/auto|scroll/.test(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  return [...document.body.querySelectorAll('*')].filter(e => {
    const box = e.getBoundingClientRect();
    return box.width && (box.right > wide + 1 || box.left < -1) && !scrolls(e.parentElement);
  }).map(e => e.outerHTML.slice(0, 80));
})()"""

CONTRAST = r"""(() => {
  const light = text => {
    const [r, g, b] = text.match(/[\d.]+/g).slice(0, 3).map(v => {
      v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const style = getComputedStyle(document.body);
  const [a, b] = [light(style.color), light(style.backgroundColor)];
  return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), b];
})()"""
"""WCAG 2's contrast of the text with what is behind it, and how light that is."""

FOCUSED = "document.activeElement.className + ' ' + (document.activeElement.getAttribute('popovertarget') || '')"
OPEN = "[...document.querySelectorAll(':popover-open')].length"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program()
    opened = Browser(tmp_path_factory.mktemp("browser"))
    yield opened
    opened.close()


@pytest.fixture
def errors(browser: Browser) -> Iterator[list[Any]]:
    """Filled with what goes wrong on the pages that a test opens."""
    script = (
        "window.wrong = []; addEventListener('error', e => wrong.push(e.message || e.target.outerHTML), true);"
        "addEventListener('securitypolicyviolation', e => wrong.push(e.blockedURI));"
        "console.error = (...words) => wrong.push(words.join(' '));"
    )
    browser.ask("Page.enable")
    added = browser.ask("Page.addScriptToEvaluateOnNewDocument", source=script)
    found: list[Any] = []
    yield found
    found += browser.says("window.wrong")
    browser.ask("Page.removeScriptToEvaluateOnNewDocument", identifier=added["identifier"])
    assert found == []


@pytest.mark.usefixtures("errors")
@pytest.mark.parametrize("width", [380, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_reads_in_light_and_dark(browser: Browser, photo_model: Path, width: int, scheme: str) -> None:
    browser.show(photo_model / "report.html", width, scheme=scheme)
    assert browser.says(CLIPPED) == []
    assert browser.says("document.documentElement.scrollWidth") <= width
    contrast, behind = browser.says(CONTRAST)
    assert contrast >= 7
    assert (behind < 0.2) == (scheme == "dark")
    assert browser.says("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert browser.says("document.images.length") > 0


@pytest.mark.usefixtures("errors")
def test_it_prints(browser: Browser, photo_model: Path) -> None:
    browser.show(photo_model / "report.html", 718, media="print", scheme="dark")  # A4 within its margins
    assert browser.says("document.documentElement.scrollWidth") <= 718
    contrast, behind = browser.says(CONTRAST)
    assert contrast >= 7
    assert behind > 0.8  # paper is white, whatever the screen is
    browser.show(photo_model / "report.html", 1400)
    printed = browser.pdf()
    assert printed.startswith(b"%PDF")
    assert b"/Count" in printed
    assert len(printed) > 20_000


@pytest.mark.usefixtures("errors")
def test_the_keyboard_opens_and_closes_the_examples_of_a_cell(browser: Browser, photo_model: Path) -> None:
    browser.show(photo_model / "report.html", 1400)
    for _ in range(200):
        browser.press("Tab")
        if browser.says(FOCUSED).startswith("cell"):
            break
    assert browser.says(FOCUSED).startswith("cell")
    before = browser.says(FOCUSED)
    assert browser.says(OPEN) == 0
    browser.press("Enter")
    assert browser.says(OPEN) == 1
    assert browser.says("document.querySelectorAll(':popover-open .card').length") >= 1
    browser.press("Escape")
    assert browser.says(OPEN) == 0
    assert browser.says(FOCUSED) == before


def test_what_is_said_of_a_picture_stands_below_it_and_narrow_pictures_share_a_row(
    browser: Browser, tmp_path: Path
) -> None:
    pixel = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
    figures = [strip(f'<img width="200" height="300" src="{pixel}">', "a.jpg", "found " * 20) for _ in range(2)]
    (tmp_path / "page.html").write_text(f"<style>{STYLE.read_text()}</style>{''.join(figures)}")
    browser.show(tmp_path / "page.html", 1400)
    places = browser.says(
        "[...document.querySelectorAll('figure.strip')].map(f => [...f.querySelectorAll('img, figcaption')]"
        ".map(e => e.getBoundingClientRect()).flatMap(b => [b.top, b.bottom, b.width]))"
    )
    (first, second) = places
    assert first[3] >= first[1]  # the words begin where the picture ends
    assert first[5] == pytest.approx(200, abs=1)
    assert first[0] == second[0]
