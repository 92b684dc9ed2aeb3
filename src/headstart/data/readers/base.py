"""The contract of a reader: one format of source data turned into examples."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from headstart.data.examples import Examples


@dataclass(frozen=True)
class Request:
    """What to read. ``input``, ``target`` and ``group`` are column names or None for "find it".

    ``target`` may name several columns with commas between; raw targets are then mappings, column to value or None.
    ``needs_targets`` is False for prediction: then a missing target column is no mistake.
    ``may_lack`` is True where an example may be without a target, which is then None, as in a table of which only a
    part is labelled.
    ``fits`` is False for evaluation: then one class alone, or a class with one example, is no mistake.
    ``keeps_splits`` is False where given splits are to be dissolved: a class then only has to occur in any of them,
    and a row may be in none that is known.
    ``stack`` is how many neighbouring slices of a volume an example shows, the files of a series being one example
    then; None for files as they are.
    ``objects`` is True where single objects are asked for: masks then hold a number for each, and not classes.
    ``masks`` is True where a class for every pixel is asked for: a folder that holds boxes too is read for its masks.
    ``outlined`` is True where an outline of each object is asked for: masks of objects then go before boxes without.
    ``usual`` names the ``input`` and ``target`` columns to take where nobody named one and the source is a table
    that has them: those a model was trained from. A fit takes the ``group`` column too. Sources without columns
    overlook it.
    """

    source: Any
    input: str | None = None
    target: str | None = None
    group: str | None = None
    needs_targets: bool = True
    may_lack: bool = False
    fits: bool = True
    keeps_splits: bool = True
    stack: int | None = None
    objects: bool = False
    masks: bool = False
    outlined: bool = False
    usual: Mapping[str, str] = field(default_factory=dict)


def columns_named(target: str | None, columns: Iterable[str]) -> tuple[str, ...]:
    """The columns that `target` names: one, though it may hold a comma, or several with commas between."""
    if target is None or target in columns:
        return () if target is None else (target,)
    return tuple(name.strip() for name in target.split(",") if name.strip())


class Reader(ABC):
    """Reads one format. File name = plug-in name = class name in snake case; the constructor takes nothing."""

    caption: str
    """What a person hands over, e.g. ``a CSV or TSV file``; shown when nothing recognises the source."""

    table_suffixes: frozenset[str] = frozenset()
    """File endings (lower case, with the dot) of the tables it reads, by which ``train.*`` in a folder is found."""

    @abstractmethod
    def recognises(self, source: Any) -> bool:
        """Whether `source` is of this format, judged cheaply (names and a first look, no full read).

        At most one reader recognises any source (a contract test checks it).
        """

    def is_asked_for(self, request: Request) -> bool:
        """Whether the request itself says that this reader is to read the source, whoever recognises it."""
        return False

    @abstractmethod
    def read(self, request: Request) -> Examples:
        """All examples of the source, undecoded.

        Raises
        ------
        InputError : with every mistake at once, each with its file or row.
        """
