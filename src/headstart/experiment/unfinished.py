"""The folder of an unfinished fit: what was asked, and what is finished so far."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from headstart.core.errors import InputError, UsageError
from headstart.core.files import write_json
from headstart.core.progress import Progress
from headstart.core.spec import FitSpec

REQUEST = "request.json"


class Unfinished:
    """Keeps checkpoints beside the model folder until that is written: ``OUT.unfinished``.

    Raises
    ------
    InputError : `out` exists already and would be overwritten, or the fit to resume was another one.
    """

    def __init__(self, out: Path, spec: FitSpec, fingerprint: str, progress: Progress) -> None:
        self.out = out
        self.folder = out.with_name(out.name + ".unfinished")
        asked = {**_comparable(spec), "examples": fingerprint}
        if spec.resume and self.folder.exists():
            self._same_as(asked)
            progress.say(f"Going on with the unfinished fit in {self.folder}")
        elif self.folder.exists():
            progress.say(f"Starting anew: {self.folder} held an unfinished fit (--resume would have gone on with it)")
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(self.folder / REQUEST, asked)

    def _same_as(self, asked: dict[str, Any]) -> None:
        path = self.folder / REQUEST
        before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else asked
        changed = sorted(key for key in asked if before.get(key) != asked[key])
        if changed:
            raise InputError(
                f"{self.folder} holds a fit that was asked for differently ({', '.join(changed)} changed since), so "
                "it cannot be resumed. Repeat the original command with --resume, or drop --resume to start anew."
            )

    def finish(self) -> None:
        """Remove the folder: the model is written."""
        shutil.rmtree(self.folder, ignore_errors=True)


def free_name(data: Any) -> Path:
    """A model folder in the current directory that does not exist yet, named after the data."""
    stem = Path(str(data)).resolve().stem if isinstance(data, str | Path) else "examples"
    for number in range(1, 10_000):
        candidate = Path(f"{stem}-model" + (f"-{number}" if number > 1 else ""))
        if not candidate.exists():
            return candidate
    raise UsageError(f"there are ten thousand folders {stem}-model-N here; name one with --out")


def check_out(out: Path) -> None:
    """Refuse to overwrite anything.

    Raises
    ------
    InputError : `out` is a file, or a folder that is not empty.
    """
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise InputError(
            f"{out} exists already and is not overwritten. Name another folder with --out, or remove it."
        )


def _comparable(spec: FitSpec) -> dict[str, Any]:
    kept = {k: v for k, v in asdict(spec).items() if k not in ("data", "out", "resume", "store", "device")}
    return {**kept, "strategy": str(kept["strategy"])}
