"""Measures finding and outlining things, and medical images: rows with what each must reach."""

from __future__ import annotations

import argparse
import sys

from judged_rows import measurements, parsed, parser_of, run

PACKAGE = "dense_lines"
LINES = measurements(PACKAGE)


def main() -> int:
    """Run what the command line asks for; 1 when a measurement failed, else 0."""
    return run(PACKAGE, _arguments())


def _arguments() -> argparse.Namespace:
    asked = parsed(parser_of(__doc__, LINES, 1, "how often each is measured"), LINES)
    asked.seeds = range(asked.seeds)
    return asked


if __name__ == "__main__":
    sys.exit(main())
