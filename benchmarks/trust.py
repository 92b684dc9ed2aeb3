"""Plants faults in real sets and measures whether the doctor, the guard and the explanations find them."""

from __future__ import annotations

import argparse
import sys

from judged_rows import measurements, parsed, parser_of, run

PACKAGE = "planted"
MEASUREMENTS = measurements(PACKAGE)


def main() -> int:
    """Run what the command line asks for; 1 when a measurement failed, else 0."""
    asked = _arguments()
    return run(PACKAGE, asked, (asked.data, asked.backbones, asked.seeds))


def _arguments() -> argparse.Namespace:
    parser = parser_of(__doc__, MEASUREMENTS, 3, "how often each fault is planted anew")
    parser.add_argument("--first", type=int, default=0, help="the first of the seeds")
    asked = parsed(parser, MEASUREMENTS)
    asked.seeds = range(asked.first, asked.first + asked.seeds)
    return asked


if __name__ == "__main__":
    sys.exit(main())
