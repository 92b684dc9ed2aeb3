"""Measures how fast the frozen part and all around it are: a table of ratios, each with what it must reach."""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from judged_rows import known_names
from target import tally

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[1] / "shared"
MEASUREMENTS = sorted(path.stem for path in (HERE / "lines").glob("[!_]*.py"))
NOT_INHERITED = ("THP_MEM_ALLOC_ENABLE", "OMP_WAIT_POLICY", "MALLOC_ARENA_MAX")
"""Settings that headstart makes for its own processes; a bare process must not get them from the shell."""


def main() -> int:
    """Run what the command line asks for; 1 when a measurement failed, else 0."""
    from lines import _row, _work

    asked = _arguments()
    for name in NOT_INHERITED:
        os.environ.pop(name, None)
    rows: list[_row.Row] = []
    failed = 0
    print(_row.HEADER, flush=True)
    with tempfile.TemporaryDirectory(prefix="headstart-speed-") as scratch:
        work = _work.Work(
            data=asked.data,
            backbone=(asked.backbones / asked.backbone).resolve(),
            sizes=asked.sizes,
            repeats=asked.repeats,
            device=asked.device,
            threads=asked.threads,
            engine=asked.engine,
            scratch=Path(scratch),
            kept=(asked.keep or Path(scratch)).resolve(),
        )
        for name in asked.only:
            try:
                rows += _shown(importlib.import_module(f"lines.{name}").measure(work), asked)
            except (RuntimeError, ValueError, KeyError, OSError) as error:
                failed += 1
                print(f"{name} failed: {type(error).__name__}: {error}", flush=True)
    print(f"\n{tally((row.reached for row in rows), failed)}")
    return int(failed > 0)


def _shown(measured: Iterator[Any], asked: argparse.Namespace) -> list[Any]:
    """Print each row as it comes, and append it to the results."""
    rows = []
    for row in measured:
        print(row.line(), flush=True)
        rows.append(row)
        if asked.out:
            with asked.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps({**row.to_json(), **_conditions(asked)}) + "\n")
    return rows


def _conditions(asked: argparse.Namespace) -> dict[str, Any]:
    """What the figures depend on besides the code."""
    libraries = [name for name in ("headstart", "torch", "openvino", "onnxruntime", "pillow") if _installed(name)]
    return {
        "when": time.strftime("%Y-%m-%dT%H:%M:%S"),
        "sizes": asked.sizes,
        "repeats": asked.repeats,
        "device": asked.device,
        "threads": asked.threads,
        "backbone": asked.backbone,
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "versions": {name: importlib.metadata.version(name) for name in libraries},
    }


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _sizes(text: str) -> list[int]:
    """``2000,20000`` as rising whole numbers."""
    try:
        return sorted({int(part) for part in text.split(",")})
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of sizes; write for example 2000,20000") from None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help=f"names with commas, of {', '.join(MEASUREMENTS)}")
    parser.add_argument("--sizes", type=_sizes, default=[2000, 20000], help="pictures of the generated sets")
    parser.add_argument("--repeats", type=int, default=3, help="of each side; from 10,000 pictures on always 1")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, …; the same for both sides")
    parser.add_argument("--threads", type=int, default=0, help="OMP_NUM_THREADS of all processes; 0 leaves it open")
    parser.add_argument("--engine", default="", help="of the bare loops; without it a trial finds the fastest")
    parser.add_argument("--out", type=Path, help="rows are appended to this file, one JSON a line")
    parser.add_argument("--keep", type=Path, help="a folder for the generated sets, to be found there the next time")
    parser.add_argument("--data", type=Path, default=SHARED / "data")
    parser.add_argument("--backbones", type=Path, default=SHARED / "backbones")
    parser.add_argument("--backbone", default="torchvision_mobilenet_v2", help="a folder's name under --backbones")
    asked = parser.parse_args()
    asked.only = known_names(parser, asked.only, MEASUREMENTS) or MEASUREMENTS
    if asked.repeats < 1:
        parser.error(f"--repeats {asked.repeats}: at least 1")
    if not (asked.backbones / asked.backbone / "config.json").exists():
        parser.error(f"no config.json in {asked.backbones / asked.backbone}; --backbones names the folder of folders")
    return asked


if __name__ == "__main__":
    sys.exit(main())
