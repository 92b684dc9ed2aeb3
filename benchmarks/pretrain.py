"""Measures what pretraining gives: rows with what each must reach."""

from __future__ import annotations

import sys

from dense_lines._asked import Asked
from judged_rows import known_names, measurements, parsed, parser_of, run

from headstart.cli import _prepare_process

PACKAGE = "pretrained"
LINES = measurements(PACKAGE)


def main() -> int:
    """Run what the command line asks for, as the tool would; 1 when a measurement failed, else 0."""
    _prepare_process()
    from pretrained._probe import SETS  # brings torch, which must find those settings
    from pretrained._texts import TEXT_SETS

    parser = parser_of(__doc__, LINES, 1, "how often each is measured, with other random weights")
    parser.add_argument("--sets", default="", help="names with commas; all of each measurement where none is given")
    asked = parsed(parser, LINES)
    sets = tuple(known_names(parser, asked.sets, (*SETS, *TEXT_SETS), "sets"))
    return run(PACKAGE, asked, (Asked(asked.data, asked.backbones, range(asked.seeds), sets=sets),))


if __name__ == "__main__":
    sys.exit(main())
