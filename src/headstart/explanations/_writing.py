"""Writes explanations down: a PNG for each map of a picture, one HTML page for all, and JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.core.files import finite, whole_folder
from headstart.core.out_folders import check_out
from headstart.explanations._page import page, section
from headstart.explanations._parts import Manner, Shown
from headstart.explanations._subject import shown_names

if TYPE_CHECKING:
    from headstart.explanations._explain import Answer, ExplainedInput, Explanations

PAGE = "explanations.html"


def write(made: Explanations, folder: Path) -> list[Path]:
    """The files of `folder`, the page first; it is written whole or not at all.

    Raises
    ------
    InputError : `folder` holds something already.
    HeadstartError : the disk is full or not writable.
    """
    check_out(folder)
    files, sections = [PAGE], []
    with whole_folder(folder) as temporary:
        for each, stem in zip(made.inputs, shown_names([i.name for i in made.inputs]), strict=True):
            shown, links = [], []
            for answer, picture in showings(each):
                name = f"{stem}.{answer.method}.png" if picture and picture.png else ""
                if picture and picture.png:
                    (temporary / name).write_bytes(picture.png)
                    files.append(name)
                shown.append(picture)
                links.append(name)
            sections.append(section(each, shown, links))
        (temporary / PAGE).write_text(page(sections, made), encoding="utf-8")
    return [folder / name for name in files]


def showings(each: ExplainedInput) -> Iterator[tuple[Answer, Shown | None]]:
    """Every answer with its picture or coloured text; None where it has no map.

    The input is decoded here, for the first map of it: many pictures at full size would fill the memory.
    """
    original = cache(each.original)
    for answer in each.answers:
        parts, given = each.parts, answer.explained.map
        caption = answer.explained.caption or f"{answer.method.replace('_', ' ')}: what speaks for {each.label!r}"
        manner = Manner(caption, answer.explained.as_it_is, each.aim.outline)
        yield answer, None if parts is None or given is None else parts.show(given, original(), manner)


def plain(made: Explanations) -> dict[str, Any]:
    """``explanations``: one object an input and method; ``left_out`` and ``set_aside`` with their reasons.

    JSON has no infinity: ends of a value that have none are null, and ``unbounded`` is true where the value has.
    """
    return finite(
        {
            "explanations": [_one(each, answer) for each in made.inputs for answer in each.answers],
            "left_out": [{"method": name, "reason": why} for name, why in made.left_out.items()],
            "set_aside": [{"input": problem.where, "reason": problem.what} for problem in made.set_aside],
        }
    )


def _one(each: ExplainedInput, answer: Answer) -> dict[str, Any]:
    parts, given = each.parts, answer.explained.map
    return {
        "input": each.name,
        "method": answer.method,
        "label": each.label,
        each.aim.figure: each.confidence,
        **each.aim.told(),
        "trusted": answer.trusted,
        "checks": [
            {
                "name": check.name,
                "value": list(check.value),
                "unbounded": math.isinf(check.value.value),
                "passed": check.passed,
                "summary": check.summary,
                "curve": [point._asdict() for point in check.curve],
            }
            for check in answer.checks
        ],
        "words": parts.told(given) if parts and given is not None else [],
        "neighbours": [vars(near) for near in answer.explained.neighbours],
    }
