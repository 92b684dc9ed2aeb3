"""Measures the kinds of transfer on real sets: whether each gives what it promises."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[1] / "shared"
KINDS = sorted(path.stem for path in (HERE / "transfers").glob("[!_]*.py"))
LINE = "{:<12} {:<22} {:>4}  {:<28} {:>8}  {}"


def main() -> int:
    """Run what the command line asks for; 1 when a measurement failed, else 0."""
    asked, failed = _arguments(), 0
    print(LINE.format("kind", "set", "seed", "figure", "value", "must be"), flush=True)
    for name in asked.only:
        try:
            for row in importlib.import_module(f"transfers.{name}").rows(asked):
                print(_line(name, row), flush=True)
                if asked.out:
                    with asked.out.open("a", encoding="utf-8") as file:
                        file.write(json.dumps({"kind": name, **row}) + "\n")
        except (RuntimeError, ValueError, KeyError, OSError) as error:
            failed += 1
            print(f"{name} failed: {type(error).__name__}: {error}", flush=True)
    return int(failed > 0)


def _line(kind: str, row: dict[str, Any]) -> str:
    return LINE.format(kind, row["set"], row["seed"], row["figure"], f"{row['value']:.3f}", row.get("must", ""))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help=f"names with commas, of {', '.join(KINDS)}")
    parser.add_argument("--sets", default="all", help="names with commas, or images, text, all")
    parser.add_argument("--seeds", type=int, default=1, help="how often with other splits and subsamples")
    parser.add_argument("--budget", default="10m", help="of each fit")
    parser.add_argument("--fit", default="", help="more options of each fit, e.g. '--strategy feature_extraction'")
    parser.add_argument("--limit", type=float, default=3600.0, help="seconds after which a command is killed")
    parser.add_argument("--out", type=Path, help="rows are appended to this file, one JSON a line")
    parser.add_argument("--data", type=Path, default=SHARED / "data")
    parser.add_argument("--backbones", type=Path, default=SHARED / "backbones")
    asked = parser.parse_args()
    asked.only = [name.strip() for name in asked.only.split(",") if name.strip()] or KINDS
    if unknown := [name for name in asked.only if name not in KINDS]:
        parser.error(f"unknown kinds: {', '.join(unknown)}; known: {', '.join(KINDS)}")
    return asked


if __name__ == "__main__":
    sys.exit(main())
