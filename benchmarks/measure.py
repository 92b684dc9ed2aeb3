"""Runs one method as its own process and measures all of it: wall clock and CPU, start-up and children included."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """A finished process. ``cpu`` is user plus system seconds over all of its processes."""

    status: int
    stdout: str
    stderr: str
    wall: float
    cpu: float

    @property
    def last_words(self) -> str:
        """The last line that says something, of stderr or else of stdout."""
        lines = [line.strip() for line in (self.stderr or self.stdout).splitlines() if line.strip()]
        return lines[-1] if lines else f"ended with status {self.status} and no message"


def run(command: Sequence[str], folder: Path, limit: float, environment: Mapping[str, str]) -> Run:
    """Run `command` in `folder`; after `limit` seconds its whole process group is killed (status -9).

    Measured runs must follow one another: CPU time is the growth of what this process's ended children used. It has
    a folder for temporary files of its own, since what is killed cannot remove what it made.
    """
    with tempfile.TemporaryDirectory(prefix="headstart-run-") as temporary:
        return _measured(command, folder, limit, {**environment, "TMPDIR": temporary})


def _measured(command: Sequence[str], folder: Path, limit: float, environment: Mapping[str, str]) -> Run:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    process = subprocess.Popen(
        list(command),
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        stdout, stderr = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        stdout, stderr = process.communicate()
        stderr += f"\nkilled after {limit:.0f} seconds"
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(process.returncode, stdout, stderr, wall, cpu)
