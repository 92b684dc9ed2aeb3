"""The page of explanations: self-contained HTML that reads in light and dark, on a phone and on paper."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

from headstart.explanations._colours import AGAINST, FOR
from headstart.explanations._parts import WORDS, Shown
from headstart.explanations.base import Check, Neighbour

if TYPE_CHECKING:
    from headstart.explanations._explain import Answer, ExplainedInput, Explanations

_STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.55 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem}
body{background:Canvas;color:CanvasText}
article{border-top:1px solid #8886;padding-top:.5rem;margin-top:2rem}
h2{overflow-wrap:anywhere}
.methods{display:flex;flex-wrap:wrap;gap:1.5rem}
figure{margin:0;flex:1 1 18rem;max-width:27rem;break-inside:avoid}
figure.wide{max-width:none;flex-basis:100%}
img{max-width:100%;height:auto}
.marked{white-space:pre-wrap;overflow-wrap:anywhere;font-size:1.1em;line-height:1.9}
.checks{font-size:.92em;padding-left:1.2em}
.distrust{border:2px solid #d0402c;padding:.3em .6em;border-radius:.3em}
table{border-collapse:collapse}th,td{text-align:left;padding:.1em 1em .1em 0;overflow-wrap:anywhere}
"""


def page(sections: Sequence[str], made: Explanations) -> str:
    """The whole page from its sections."""
    left = "".join(f"<li>{_words(name)}: {html.escape(why)}.</li>" for name, why in made.left_out.items())
    aside = "".join(f"<li>{html.escape(str(problem))}</li>" for problem in made.set_aside)
    notes = (f"<h2>Left out</h2><ul>{left}</ul>" if left else "") + (
        f"<h2>Not readable</h2><ul>{aside}</ul>" if aside else ""
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Why these predictions</title><style>{_STYLE}</style><main><h1>Why these predictions</h1>{_key(made)}"
        f"{''.join(sections)}{notes}</main></html>\n"
    )


def section(each: ExplainedInput, shown: Sequence[Shown | None], links: Sequence[str]) -> str:
    """One input: what is said of it, and every answer with its checks; `links` name the full-size pictures."""
    answers = "".join(
        _answer(answer, picture, link) for answer, picture, link in zip(each.answers, shown, links, strict=True)
    )
    aim = each.aim
    said = f"{100 * each.confidence:.1f} %" if aim.is_probability else aim.say(each.confidence)
    return (
        f"<article><h2>{html.escape(_short(each.name))}</h2>"
        f"<p>Explained: <strong>{html.escape(each.label)}</strong>, "
        f'{aim.figure} {said}.</p><div class="methods">{answers}</div></article>'
    )


def _answer(answer: Answer, shown: Shown | None, link: str) -> str:
    picture = shown.html if shown else _neighbours(answer.explained.neighbours)
    if link:
        picture = f'<a href="{html.escape(link, quote=True)}" title="at full size">{picture}</a>'
    wide = "" if link and not answer.explained.as_it_is else ' class="wide"'
    doubt = '<p class="distrust">Not to be trusted: see its checks.</p>' if answer.trusted is False else ""
    return f"<figure{wide}><h3>{_words(answer.method)}</h3>{doubt}{picture}{_checks(answer.checks)}</figure>"


def _checks(checks: Sequence[Check]) -> str:
    marks = {True: "✓", False: "✗", None: "–"}
    names = {True: "passed", False: "failed", None: "not judged"}
    items = "".join(
        f'<li><span role="img" aria-label="{names[check.passed]}">{marks[check.passed]}</span> '
        f"{_words(check.name)}: {html.escape(check.summary)}{_curve(check)}</li>"
        for check in checks
    )
    return f'<ul class="checks">{items}</ul>'


def _curve(check: Check) -> str:
    """The falls at growing shares as a small table, or nothing."""
    rows = "".join(
        f"<tr><td>{100 * point.removed:.0f} %<td>{point.marked:+z.3f}<td>{point.random:+z.3f}"
        for point in check.curve
    )
    return f"<table><tr><th>taken away<th>fall: marked<th>fall: random{rows}</table>" if rows else ""


def _neighbours(neighbours: Sequence[Neighbour]) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(near.label)}<td>{html.escape(near.id)}<td>{near.similarity:.3f}" for near in neighbours
    )
    return f"<table><tr><th>label<th>training example<th>similarity{rows}</table>"


def _key(made: Explanations) -> str:
    """How to read what is shown."""
    reading = next((each.aim.reading for each in made.inputs), "")
    spans = "".join(
        f'<span style="background:rgba{(*colour, 0.5)};border-bottom:2px {line}">{words}</span> '
        for colour, line, words in ((FOR, "solid", "for the label"), (AGAINST, "dotted", "against it"))
    )
    words = any(each.parts and each.parts.noun == WORDS for each in made.inputs)
    return f"<p>Words: {spans}.</p>" if words else f"<p>Pictures: {reading}.</p>"


def _words(name: str) -> str:
    return html.escape(name.replace("_", " "))


def _short(name: str) -> str:
    return name if len(name) <= 120 else name[:119] + "…"
