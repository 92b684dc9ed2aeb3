"""Measures finding and outlining things, and medical images: rows with what each must reach."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from dense_lines._asked import Asked
from judged_rows import measurements, parsed, parser_of, run

PACKAGE = "dense_lines"
LINES = measurements(PACKAGE)


def main() -> int:
    """Run what the command line asks for; 1 when a measurement failed, else 0."""
    asked = _arguments()
    given = Asked(asked.data, asked.backbones, range(asked.seeds), asked.seconds, asked.sets)
    return run(PACKAGE, asked, (given,))


def _arguments() -> argparse.Namespace:
    parser = parser_of(__doc__, LINES, 1, "how often each is measured")
    parser.add_argument("--seconds", type=float, help="that each side may take, instead of the measurement's own")
    parser.add_argument("--sets", default="", help="names with commas; all of each measurement where none is given")
    asked = parsed(parser, LINES)
    asked.sets = tuple(name.strip() for name in asked.sets.split(",") if name.strip())
    if asked.seconds is not None and not asked.seconds > 0:
        parser.error(f"--seconds {asked.seconds:g}: more than 0")
    known = _known(asked.only) if asked.sets else []
    if unknown := [name for name in asked.sets if name not in known]:
        parser.error(f"unknown sets: {', '.join(unknown)}; known: {', '.join(known)}")
    return asked


def _known(lines: Sequence[str]) -> list[str]:
    """The sets that these measurements can take."""
    return [name for line in lines for name in importlib.import_module(f"{PACKAGE}.{line}").SETS]


if __name__ == "__main__":
    sys.exit(main())
