"""Seconds of ``headstart check`` on 10,000 generated photos, the first time and with a warm store."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import generated

from planted._models import BACKBONE

COUNT = 10_000
WITHIN = 60
"""Seconds that it may take with a warm store."""


def measure(data: Path, backbones: Path, seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Wall-clock seconds of the command, start-up included; the store is warm once it ran on the same photos.

    The photos of a seed are made once and stay in the system's folder for temporary files.
    """
    for seed in seeds:
        folder = generated.write(Path(tempfile.gettempdir()) / f"headstart-doctor-{COUNT}-{seed}", COUNT, seed)
        for store in ("at first", "warm store"):
            wall, processor = _seconds(folder, backbones)
            must = f"<= {WITHIN}" if store == "warm store" else ""
            for figure, value, bound in ((f"seconds, {store}", wall, must), (f"CPU seconds, {store}", processor, "")):
                yield {
                    "planted": "the doctor", "set": f"{COUNT:,} generated photos", "seed": seed, "figure": figure,
                    "value": value, "must": bound,
                }  # fmt: skip


def _seconds(folder: Path, backbones: Path) -> tuple[float, float]:
    """Wall-clock seconds, and those of the processors, which other work on the machine does not lengthen much."""
    named = str((backbones / BACKBONE).resolve())
    command = [sys.executable, "-m", "headstart", "check", str(folder), "--backbone", named, "--json"]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        json.loads(done.stdout)["findings"]
    except (ValueError, KeyError) as error:
        raise RuntimeError(f"check failed ({done.returncode}): {done.stderr[-500:]}") from error
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
