"""What is explained: a finished model's parts, and the inputs that it is asked about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from headstart.core.errors import InputError
from headstart.core.paths import without_ending
from headstart.core.results import FitResult
from headstart.data.examples import Examples
from headstart.data.modalities import MODALITIES
from headstart.data.read import read_as
from headstart.explanations._known import Known
from headstart.model.network import Network
from headstart.tasks.base import Task


class Kept(Protocol):
    """Training examples that a model folder keeps: features (n, D) by depth, the last depth last, ids and targets."""

    @property
    def familiar(self) -> list[np.ndarray]:
        """Features at each depth."""

    @property
    def ids(self) -> list[str]:
        """Their names."""

    @property
    def targets(self) -> list[str]:
        """Their targets, as words."""

    @property
    def classes(self) -> np.ndarray:
        """(n,) their classes as places among the labels; empty where the task is none of one class each."""


class Subject(Protocol):
    """A model, as far as it is asked here; what a fit hands back and what ``load`` reads are such."""

    network: Network
    task: Task
    modality: str
    calibration: dict[str, float]
    columns: dict[str, str]
    device: str
    result: FitResult

    @property
    def guard(self) -> Kept | None:
        """What its training examples looked like; None where an older headstart made it."""


def known_to(model: Subject) -> Known | None:
    """The training examples that the model keeps, if any."""
    kept = model.guard
    return Known(kept.familiar[-1], kept.ids, kept.targets, exclusive=len(kept.classes) > 0) if kept else None


def read_inputs(model: Subject, inputs: Any, column: str | None = None) -> Examples:
    """The inputs, undecoded.

    Parameters
    ----------
    inputs : a folder, a table, a file or a text; a list of such; or anything else that can be read.
    column : the column of a table that holds them; without it the one of training, or one that is found.

    Raises
    ------
    InputError : nothing there, an empty text, not readable, or of another kind than the model takes.
    """
    several = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
    if not several:
        raise InputError("There is nothing to explain: no input was given.")
    if not any(isinstance(each, str | Path) for each in several):
        return _read(model, inputs, column)
    references: list[Any] = []
    names: list[str] = []
    for each in several:
        if isinstance(each, str) and not each.strip() and not MODALITIES.load(model.modality)().suffixes:
            raise InputError("The text is empty: there is nothing to explain.")
        is_text = _is_text(model, each)
        part = _read(model, [each] if is_text else each, column)
        references += part.references
        names += [each] if is_text else part.ids
    return Examples(model.modality, references, names)


def _read(model: Subject, source: Any, column: str | None) -> Examples:
    column = None if isinstance(source, list) else column
    return read_as(model.modality, model.columns, source, column, stack=model.network.backbone.preprocess.stack)


def _is_text(model: Subject, given: Any) -> bool:
    """Whether a string is itself an input of the model, and not the path of one or of a table."""
    if not isinstance(given, str) or not MODALITIES.load(model.modality)().recognises([given]):
        return False
    return bool(re.search(r"\s", given.strip())) or not (_exists(given) or Path(given).suffix)


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # too long for a file name, or with a NUL in it
        return False


def shown_names(names: Sequence[str]) -> list[str]:
    """Names as file names: letters, digits and dots, at most 40, each once."""
    made: list[str] = []
    for name in names:
        stem = re.sub(r"[^\w.]+", "-", without_ending(Path(name)).as_posix() if len(name) < 200 else name)
        stem = stem.strip("-.")[:40] or "input"
        fresh, number = stem, 2
        while fresh.lower() in (other.lower() for other in made):
            fresh, number = f"{stem}-{number}", number + 1
        made.append(fresh)
    return made
