"""Seconds of ``headstart check`` on 10,000 generated photos: the first time, asked anew, and with a warm store."""

from __future__ import annotations

import json
import os
import resource
import shutil
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

    A warm store holds what the diagnoses said too, so that none is asked again. "Asked anew" keeps activations and
    looks alone: solved heads and findings of the first run are removed. The photos of a seed are made once, and stay
    in the system's folder for temporary files.
    """
    from headstart.core.kept import KEPT, Kept

    for seed in seeds:
        folder = generated.write(Path(tempfile.gettempdir()) / f"headstart-doctor-{COUNT}-{seed}", COUNT, seed)
        own = folder.with_name(f"{folder.name}-store")
        shutil.rmtree(own, ignore_errors=True)
        for store in ("at first", "asked anew", "warm store"):
            if store == "asked anew":
                Kept(own / KEPT).clear()
            wall, processor = _seconds(folder, backbones, own)
            must = "" if store == "at first" else f"<= {WITHIN}"
            for figure, value, bound in ((f"seconds, {store}", wall, must), (f"CPU seconds, {store}", processor, "")):
                yield {
                    "planted": "the doctor", "set": f"{COUNT:,} generated photos", "seed": seed, "figure": figure,
                    "value": value, "must": bound,
                }  # fmt: skip


def _seconds(folder: Path, backbones: Path, store: Path) -> tuple[float, float]:
    """Wall-clock seconds, and those of the processors, which other work on the machine does not lengthen much."""
    named = str((backbones / BACKBONE).resolve())
    command = [sys.executable, "-m", "headstart", "check", str(folder), "--backbone", named, "--json"]
    environment = {**os.environ, "HEADSTART_CACHE": str(store)}
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        json.loads(done.stdout)["findings"]
    except (ValueError, KeyError) as error:
        raise RuntimeError(f"check failed ({done.returncode}): {done.stderr[-500:]}") from error
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
