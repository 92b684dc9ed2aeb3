"""Runs measurements whose rows are judged, printing each row as it comes and keeping it in a file if asked."""

from __future__ import annotations

import argparse
import importlib
import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from bounds import holds
from target import VERDICTS, tally

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[1] / "shared"
HEADER = f"{'planted':<46} {'set':<28} {'seed':>4}  {'figure':<34} {'value':>8}  {'must reach':<16} reached"


def measurements(package: str) -> list[str]:
    """The names of the measurements in a folder beside this file."""
    return sorted(path.stem for path in (HERE / package).glob("[!_]*.py"))


def run(package: str, asked: argparse.Namespace, given: Sequence[Any]) -> int:
    """Every measurement of `package` that is asked for, each of them `given` the same; 1 when one failed, else 0."""
    failed, rows = 0, []
    print(HEADER, flush=True)
    for name in asked.only:
        try:
            measure = importlib.import_module(f"{package}.{name}").measure
            for row in measure(*given):
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


def parser_of(about: str | None, known: list[str], seeds: int, what_for: str) -> argparse.ArgumentParser:
    """The options that every such script has."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--only", default="", help=f"names with commas, of {', '.join(known)}")
    parser.add_argument("--seeds", type=int, default=seeds, help=what_for)
    parser.add_argument("--out", type=Path, help="rows are appended to this file, one JSON a line")
    parser.add_argument("--data", type=Path, default=SHARED / "data")
    parser.add_argument("--backbones", type=Path, default=SHARED / "backbones")
    return parser


def parsed(parser: argparse.ArgumentParser, known: list[str]) -> argparse.Namespace:
    """What the command line asks for: names of the `known` measurements in ``only``, all where there are none."""
    asked = parser.parse_args()
    asked.only = known_names(parser, asked.only, known) or known
    if asked.seeds < 1:
        parser.error(f"--seeds {asked.seeds}: at least 1")
    return asked


def known_names(
    parser: argparse.ArgumentParser, text: str, known: Collection[str], what: str = "measurements"
) -> list[str]:
    """``a,b`` as names, all of them `known`; else the parser ends with an error."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := [name for name in names if name not in known]:
        parser.error(f"unknown {what}: {', '.join(unknown)}; known: {', '.join(known)}")
    return names
