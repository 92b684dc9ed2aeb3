"""Broken annotation files of each format, as the tests write them: how many are told clearly, and tracebacks."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dense_lines._asked import Asked, row

TESTS = Path(__file__).resolve().parents[2] / "tests"
"""Where the broken files are made, so that what is counted here is what is tested."""

MAKERS = ("broken_boxes", "broken_masks", "broken_scans")
LEAST = 30
MEASURED = "30 broken annotation files of each format"


def measure(asked: Asked) -> Iterator[dict[str, Any]]:
    """Three rows of each format: its broken files, those that are clearly told, and tracebacks."""
    with asked.workplace() as folder:
        for maker in MAKERS:
            for name, broken in _module(maker).FORMATS.items():
                yield from _counted(name, broken, folder / name)


def _counted(name: str, broken: Any, folder: Path) -> Iterator[dict[str, Any]]:
    clear, tracebacks = 0, list[str]()
    for number, case in enumerate(broken.cases):
        try:
            clear += broken.is_clear(case, broken.said_of(case, folder / str(number)))
        except Exception as error:  # whatever is raised on purpose has become a message already
            tracebacks.append(f"{case}: {type(error).__name__}")
    count = len(broken.cases)
    yield row(MEASURED, name, 0, "files", count, f">= {LEAST}")
    yield row(MEASURED, name, 0, "each a clear message", clear, f">= {count}")
    yield row(MEASURED, name, 0, "tracebacks", len(tracebacks), "<= 0", "; ".join(tracebacks))


def _module(name: str) -> Any:
    """A module of the tests, which lie outside the package."""
    sys.path.insert(0, str(TESTS))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(TESTS))
