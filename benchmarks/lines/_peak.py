"""Runs a command and writes the largest resident memory that one of its processes had, in bytes."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes that ``ru_maxrss`` counts in."""


def main(answer: str, command: list[str]) -> int:
    """The command's exit status. This process starts no other, so its children's peak is the command's."""
    done = subprocess.run(command, check=False)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * UNIT
    Path(answer).write_text(str(peak), encoding="utf-8")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
