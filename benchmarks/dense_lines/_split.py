"""A set as it is given: what may be learnt from, what judges, and the task."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import Tensor

from headstart.data.examples import Examples
from headstart.data.modalities import MODALITIES
from headstart.data.read import read
from headstart.data.readers.base import Request
from headstart.tasks import choose_task
from headstart.tasks.base import Task


@dataclass(frozen=True)
class Split:
    """``train`` is all that is not for the ``test``."""

    train: Examples
    test: Examples
    task: Task

    @cached_property
    def learnt(self) -> Tensor:
        """The encoded targets of what is learnt from."""
        return self.task.encode(list(self.train.targets or []))

    @cached_property
    def asked(self) -> Tensor:
        """The encoded targets of the test."""
        return self.task.encode(list(self.test.targets or []))


def split(source: Path) -> Split:
    """The set in the folder `source`, which gives its test split.

    Raises
    ------
    ValueError : it gives none.
    """
    examples = read(Request(source))
    rows: dict[bool, list[int]] = {False: [], True: []}
    for number, name in enumerate(examples.splits or []):
        rows[name == "test"].append(number)
    if not rows[True]:
        raise ValueError(f"{source} has no test split")
    train, test = (examples.select(rows[judged]) for judged in (False, True))
    return Split(train, test, choose_task(list(train.targets or []))[0])


def decoded(examples: Examples, number: int) -> Any:
    """The picture of an example."""
    return MODALITIES.load(examples.modality)().decode(examples.references[number])
