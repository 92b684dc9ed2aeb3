"""Measures finding and outlining things, and medical images: rows with what each must reach."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path

from bounds import holds
from target import tally
from trust import HEADER, SHARED, line

LINES = sorted(path.stem for path in (Path(__file__).resolve().parent / "dense_lines").glob("[!_]*.py"))


def main() -> int:
    """Run what the command line asks for; 1 when a measurement failed, else 0."""
    asked, failed, rows = _arguments(), 0, []
    print(HEADER, flush=True)
    for name in asked.only:
        try:
            for row in importlib.import_module(f"dense_lines.{name}").measure(
                asked.data, asked.backbones, asked.seeds
            ):
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


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help=f"names with commas, of {', '.join(LINES)}")
    parser.add_argument("--seeds", type=int, default=1, help="how often each is measured")
    parser.add_argument("--out", type=Path, help="rows are appended to this file, one JSON a line")
    parser.add_argument("--data", type=Path, default=SHARED / "data")
    parser.add_argument("--backbones", type=Path, default=SHARED / "backbones")
    asked = parser.parse_args()
    asked.only = [name.strip() for name in asked.only.split(",") if name.strip()] or LINES
    if unknown := [name for name in asked.only if name not in LINES]:
        parser.error(f"unknown measurements: {', '.join(unknown)}; known: {', '.join(LINES)}")
    if asked.seeds < 1:
        parser.error(f"--seeds {asked.seeds}: at least 1")
    asked.seeds = range(asked.seeds)
    return asked


if __name__ == "__main__":
    sys.exit(main())
