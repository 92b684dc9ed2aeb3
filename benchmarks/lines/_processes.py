"""Starts the measured processes: a bare Python one, one with the settings of the tool, or ``headstart`` itself."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measure import Run, run

from lines._work import Work

HERE = Path(__file__).resolve().parents[1]
LIMIT = 12 * 3600.0
"""Seconds after which a process is given up."""


@dataclass(frozen=True)
class Answer:
    """A finished process of ours, with what it wrote."""

    run: Run
    said: Any


@dataclass(frozen=True)
class Fit:
    """A finished ``headstart fit``: its result as JSON, and the peak of its resident memory in bytes."""

    run: Run
    result: dict[str, Any]
    peak: int

    @property
    def accuracy(self) -> float:
        """On the test split."""
        return float(self.result["test"]["accuracy"][0])


def start(work: Work, command: list[str], **variables: str) -> Run:
    """Run ``python COMMAND`` in the benchmarks folder.

    Raises
    ------
    RuntimeError : it failed; the message is its last line.
    """
    done = run([sys.executable, *command], HERE, LIMIT, {**work.environment, **variables})
    if done.status:
        raise RuntimeError(f"{' '.join(command[:4])}: {done.last_words}")
    return done


def child(work: Work, name: str, as_tool: bool = False, **job: Any) -> Answer:
    """Run ``lines/NAME.py`` on `job`; `as_tool` gives it the settings that headstart's own processes have."""
    path, answer = work.folder("job.json"), work.folder("answer.json")
    path.write_text(json.dumps({**job, "answer": str(answer)}), encoding="utf-8")
    first = ["-m", "lines._as_tool", f"lines.{name}"] if as_tool else ["-m", f"lines.{name}"]
    done = start(work, [*first, str(path)])
    return Answer(done, json.loads(answer.read_text(encoding="utf-8")))


def fit(work: Work, data: Path, cache: Path, out: Path | None = None) -> Fit:
    """``headstart fit DATA --strategy feature_extraction`` with its store in `cache`."""
    peak = work.folder("peak")
    asked = ["--strategy", "feature_extraction", "--backbone", str(work.backbone), "--budget", f"{LIMIT:.0f}s"]
    asked += ["--device", work.device, "--out", str(out or work.folder("model")), "--json"]
    command = ["-m", "lines._peak", str(peak), sys.executable, "-m", "headstart", "fit", str(data), *asked]
    done = start(work, command, HEADSTART_CACHE=str(cache))
    return Fit(done, json.loads(done.stdout), int(peak.read_text(encoding="utf-8")))


def cold_fit(work: Work, data: Path) -> Fit:
    """A fit whose store is empty."""
    return fit(work, data, work.folder("cache"))
