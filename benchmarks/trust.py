"""Plants faults in real sets and measures whether the doctor, the guard and the explanations find them."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path
from typing import Any

from bounds import holds
from target import VERDICTS, tally

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[1] / "shared"
MEASUREMENTS = sorted(path.stem for path in (HERE / "planted").glob("[!_]*.py"))
HEADER = f"{'planted':<46} {'set':<28} {'seed':>4}  {'figure':<34} {'value':>8}  {'must reach':<16} reached"


def main() -> int:
    """Run what the command line asks for; 1 when a measurement failed, else 0."""
    asked = _arguments()
    failed, rows = 0, []
    print(HEADER, flush=True)
    for name in asked.only:
        try:
            for row in importlib.import_module(f"planted.{name}").measure(asked.data, asked.backbones, asked.seeds):
                print(line(row), flush=True)
                rows.append({"measurement": name, **row, "reached": holds(row["must"], row["value"])})
                if asked.out:
                    with asked.out.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(rows[-1]) + "\n")
        except (RuntimeError, ValueError, KeyError, OSError) as error:
            failed += 1
            print(f"{name} failed: {type(error).__name__}: {error}", flush=True)
    print(f"\n{len(rows)} figures; {tally((row['reached'] for row in rows), failed)}")
    return int(failed > 0)


def line(row: dict[str, Any]) -> str:
    """A row of the table."""
    return (
        f"{row['planted']:<46.46} {row['set']:<28.28} {row['seed']!s:>4}  {row['figure']:<34.34} "
        f"{row['value']:>8.3f}  {row['must'] or '':<16} {VERDICTS[holds(row['must'], row['value'])]:<7} "
        f"{row.get('note', '')}"
    ).rstrip()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help=f"names with commas, of {', '.join(MEASUREMENTS)}")
    parser.add_argument("--seeds", type=int, default=3, help="how often each fault is planted anew")
    parser.add_argument("--first", type=int, default=0, help="the first of the seeds")
    parser.add_argument("--out", type=Path, help="rows are appended to this file, one JSON a line")
    parser.add_argument("--data", type=Path, default=SHARED / "data")
    parser.add_argument("--backbones", type=Path, default=SHARED / "backbones")
    asked = parser.parse_args()
    asked.only = [name.strip() for name in asked.only.split(",") if name.strip()] or MEASUREMENTS
    if unknown := [name for name in asked.only if name not in MEASUREMENTS]:
        parser.error(f"unknown measurements: {', '.join(unknown)}; known: {', '.join(MEASUREMENTS)}")
    if asked.seeds < 1:
        parser.error(f"--seeds {asked.seeds}: at least 1")
    asked.seeds = range(asked.first, asked.first + asked.seeds)
    return asked


if __name__ == "__main__":
    sys.exit(main())
