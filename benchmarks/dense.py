"""Measures finding and outlining things, and medical images: rows with what each must reach."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from dense_lines._asked import Asked
from judged_rows import known_names, measurements, parsed, parser_of, run

PACKAGE = "dense_lines"
LINES = measurements(PACKAGE)


def main() -> int:
    """Run what the command line asks for; 1 when a measurement failed, else 0."""
    asked = _arguments()
    given = Asked(asked.data, asked.backbones, range(asked.seeds), asked.seconds, asked.sets, asked.starts)
    return run(PACKAGE, asked, (given,))


def _arguments() -> argparse.Namespace:
    parser = parser_of(__doc__, LINES, 1, "how often each is measured")
    parser.add_argument("--seconds", type=float, help="that each side may take, instead of the measurement's own")
    parser.add_argument("--sets", default="", help="names with commas; all of each measurement where none is given")
    parser.add_argument("--starts", default="", help="of boxes: names with commas; all where none is given")
    asked = parsed(parser, LINES)
    if asked.seconds is not None and not asked.seconds > 0:
        parser.error(f"--seconds {asked.seconds:g}: more than 0")
    for option in ("sets", "starts"):
        given = getattr(asked, option)
        known = _known(asked.only, option.upper()) if given else []
        setattr(asked, option, tuple(known_names(parser, given, known, option)))
    return asked


def _known(lines: Sequence[str], what: str) -> list[str]:
    """The ``SETS`` or ``STARTS`` that these measurements can take."""
    return [name for line in lines for name in getattr(importlib.import_module(f"{PACKAGE}.{line}"), what, ())]


if __name__ == "__main__":
    sys.exit(main())
