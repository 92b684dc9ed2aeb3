"""Measures the kinds of transfer on real sets: whether each gives what it promises."""

from __future__ import annotations

import argparse
import copy
import importlib
import json
import sys
from pathlib import Path
from typing import Any

from judged_rows import known_names
from target import VERDICTS, Target, tally

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[1] / "shared"
KINDS = sorted(path.stem for path in (HERE / "transfers").glob("[!_]*.py"))
LINE = "{:<11} {:<26} {:>4}  {:<30} {:>8} {:<18} {:<8} {}"


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line asks for; 1 when a measurement failed, else 0."""
    asked, failed = _arguments(arguments), 0
    reached: list[bool | None] = []
    print(LINE.format("kind", "set", "seed", "figure", "value", "95 % interval", "reached", "must be"), flush=True)
    for name, sets in asked.sets_of.items():
        own = copy.copy(asked)
        own.sets = ",".join(sets)
        try:
            for row in importlib.import_module(f"transfers.{name}").rows(own):
                reached.append(_shown({"kind": name, **row}, asked.out))
        except (RuntimeError, ValueError, KeyError, OSError) as error:
            failed += 1
            print(f"{name} failed: {type(error).__name__}: {error}", flush=True)
    print(f"\n{tally(reached, failed)}")
    return int(failed > 0)


def _shown(row: dict[str, Any], out: Path | None) -> bool | None:
    """Print a row, and append it to the results; whether it reached what it must, None where nobody can tell."""
    must, interval = row.get("must", ""), _interval(row)
    target = must if isinstance(must, Target) else Target.said(must)
    words = must.words() if isinstance(must, Target) else must
    reached = target.holds(row["value"], interval[0] if interval else None) if target else None
    between = f"{interval[0]:+.3f} to {interval[1]:+.3f}" if interval else ""
    shown = [row[key] for key in ("kind", "set", "seed", "figure")]
    print(LINE.format(*shown, f"{row['value']:.3f}", between, VERDICTS[reached], words).rstrip(), flush=True)
    if out:
        with out.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**row, "must": words, "reached": reached}) + "\n")
    return reached


def _interval(row: dict[str, Any]) -> tuple[float, float] | None:
    """The ends of a row's interval: ``interval`` [low, high] or [value, low, high], or ``low`` and ``high``."""
    if "interval" in row:
        *_, low, high = row["interval"]
        return low, high
    return (row["low"], row["high"]) if "low" in row else None


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help=f"names with commas, of {', '.join(KINDS)}")
    parser.add_argument("--sets", default="all", help="names with commas, or images, text, all")
    parser.add_argument("--seeds", type=int, default=3, help="how often with other splits and subsamples")
    parser.add_argument("--first", type=int, default=0, help="the first of the seeds")
    parser.add_argument("--budget", default="10m", help="of each fit")
    parser.add_argument("--fit", default="", help="more options of each fit, e.g. '--strategy feature_extraction'")
    parser.add_argument("--limit", type=float, default=3600.0, help="seconds after which a command is killed")
    parser.add_argument("--out", type=Path, help="rows are appended to this file, one JSON a line")
    parser.add_argument("--data", type=Path, default=SHARED / "data")
    parser.add_argument("--backbones", type=Path, default=SHARED / "backbones")
    asked = parser.parse_args(given)
    kinds = known_names(parser, asked.only, KINDS, "kinds")
    if asked.seeds < 1:
        parser.error(f"--seeds {asked.seeds}: at least 1")
    if asked.first < 0:
        parser.error(f"--first {asked.first}: at least 0")
    asked.seeds = range(asked.first, asked.first + asked.seeds)
    try:
        asked.sets_of = _sets_of(kinds, asked.sets)
    except ValueError as error:
        parser.error(f"--sets {asked.sets}: {error}")
    return asked


def _sets_of(named: list[str], wanted: str) -> dict[str, list[str]]:
    """The sets of each kind that is measured; where no kind is named, of those that have any of the wanted.

    Raises
    ------
    ValueError : a kind that is named, or every kind, has none of them.
    """
    from transfers._asked import sets_of

    found, mistakes = {}, []
    for name in named or KINDS:
        try:
            found[name] = sets_of(importlib.import_module(f"transfers.{name}"), wanted)
        except ValueError as error:
            mistakes.append(str(error))
    if mistakes and (named or not found):
        raise ValueError("; ".join(mistakes))
    return found


if __name__ == "__main__":
    sys.exit(main())
