"""The folder of an unfinished fit: what was asked, and what is finished so far."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from headstart.core.errors import HeadstartError, InputError
from headstart.core.files import finite, write_json
from headstart.core.in_use import Mark, in_use
from headstart.core.out_folders import first_free
from headstart.core.progress import Progress
from headstart.core.spec import FitSpec
from headstart.core.timing import Stopwatch
from headstart.frozen.choosing import RECORDS

LOADED_BY = "loaded_by"
"""By what the backbone was loaded, a name or a folder: what goes on loads it by that again."""

REQUEST, LOOKED, FINISHED = "request.json", "looked.json", "finished"


class Unfinished:
    """Keeps checkpoints beside the model folder until that is written: ``OUT.unfinished``.

    Parameters
    ----------
    found : what was found in the request's place and must be the same for a fit to go on: the examples'
        fingerprint, the backbone.
    kind : what a person calls what is unfinished.

    Raises
    ------
    InputError : the fit to resume was another one, or one is at work there.
    """

    def __init__(
        self, out: Path, spec: FitSpec, found: Mapping[str, str], progress: Progress, kind: str = "fit"
    ) -> None:
        self.out, self.folder, self.kind = out, _beside(out), kind
        if in_use(self.folder):
            raise InputError(
                f"{self.folder} is being written at this moment. Name another folder with --out, or wait."
            )
        asked = all_asked(spec, found)
        if spec.resume and self.folder.exists():
            self._same_as(asked)
            progress.say(f"Going on with the unfinished {kind} in {self.folder}")
        elif self.folder.exists():
            progress.say(
                f"Starting anew: {self.folder} held an unfinished {kind} (--resume would have gone on with it)"
            )
            shutil.rmtree(self.folder)
        write_json(self.folder / REQUEST, asked)
        self._mark: Mark | None = Mark(self.folder)

    def _same_as(self, asked: dict[str, Any]) -> None:
        before = asked_before(self.out) or asked
        changed = [key for key in asked if key != LOADED_BY and before.get(key) != asked[key]]
        refuse_changed(changed, self.folder, self.kind, "drop --resume to start anew")

    def finish(self, save: Callable[[Path], object]) -> None:
        """Let `save` write the model, give it its place, and remove this folder.

        The model is written in here first: whatever a kill leaves half-written goes with this folder.

        Raises
        ------
        HeadstartError : the disk is full, or `out` has appeared meanwhile.
        """
        save(self.folder / FINISHED)
        self._mark = None
        try:
            if self.out.is_dir():
                self.out.rmdir()
            (self.folder / FINISHED).rename(self.out)
        except OSError as error:
            raise HeadstartError(
                f"{self.out} could not be written ({error.strerror}); the model is in {self.folder / FINISHED}."
            ) from error
        self.forget(self.out)

    def tidy(self, worthless: Collection[str] = ()) -> None:
        """After an error: remove this folder where it holds nothing to go on with.

        Which engine ran is worth nothing by itself: the next fit tries them anew. Nor are further files called one of
        `worthless`.
        """
        self._mark = None  # somebody else, or this process once more, may go on with it
        if self.folder.is_dir() and all(
            path.name in {REQUEST, LOOKED, *worthless} or path.match(RECORDS) for path in self.folder.iterdir()
        ):
            self.forget(self.out)

    @staticmethod
    def forget(out: Path) -> None:
        """Remove what an unfinished fit into `out` left."""
        shutil.rmtree(_beside(out), ignore_errors=True)


@contextlib.contextmanager
def counted_once(record: Path, stopwatch: Stopwatch, before: float = 0.0) -> Iterator[None]:
    """Count the block as long as it took first: done again by a fit that is resumed, it finds its work in the store.

    `record` remembers the seconds, and those that were taken `before` for the same work. So a fit that is resumed has
    the time left that it would have had.
    """
    began = stopwatch.total - before
    yield
    seconds = stopwatch.total - began
    if record.exists():
        stopwatch.credit(json.loads(record.read_text(encoding="utf-8"))["seconds"] - seconds)
    else:
        write_json(record, {"seconds": seconds})


def all_asked(spec: FitSpec, found: Mapping[str, str]) -> dict[str, Any]:
    """What must be the same for a fit to go on, as JSON has it: the request, and what was `found` in its place."""
    asked: dict[str, Any] = finite({**_comparable(spec), **found})
    return asked


def refuse_changed(changed: Iterable[str], folder: Path, kind: str, instead: str) -> None:
    """Return if nothing is `changed` since `folder` was begun; `instead` is what else can be done.

    Raises
    ------
    InputError : something is.
    """
    if names := ", ".join(sorted(changed)):
        raise InputError(
            f"{folder} holds a {kind} that was asked for differently ({names} changed since), so it cannot be "
            f"resumed. Repeat the original command with --resume, or {instead}."
        )


def asked_before(out: Path) -> dict[str, Any]:
    """What the unfinished fit into `out` was asked for, and what it found in its place; empty without one."""
    request = _beside(out) / REQUEST
    asked: dict[str, Any] = json.loads(request.read_text(encoding="utf-8")) if request.is_file() else {}
    return asked


def out_folder(spec: FitSpec) -> FitSpec:
    """`spec` with a folder to write to: the one asked for, or a free name after the data."""
    return spec if spec.out is not None else replace(spec, out=free_name(spec.data))


def free_name(data: Any) -> Path:
    """A model folder in the current directory that does not exist and is not being made yet, named after the data."""
    stem = Path(str(data)).resolve().stem if isinstance(data, str | Path) else "examples"
    return first_free(f"{stem}-model", lambda out: out.exists() or in_use(_beside(out)))


def _beside(out: Path) -> Path:
    return out.with_name(out.name + ".unfinished")


def _comparable(spec: FitSpec) -> dict[str, Any]:
    left_out = ("data", "out", "resume", "store", "device", "strategy", "old")
    kept = {field.name: getattr(spec, field.name) for field in fields(spec) if field.name not in left_out}
    strategy = spec.strategy
    if strategy is not None and not isinstance(strategy, str):
        strategy = f"{type(strategy).__name__} {sorted(vars(strategy).items())}"
    old = None if spec.old is None else str(spec.old)
    return {
        **kept,
        "strategy": strategy,
        "old": old,
        "labels": [[name.label, name.description] for name in spec.labels],
    }
