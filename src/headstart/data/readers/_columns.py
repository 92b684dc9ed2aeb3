"""Finds the target, group and split columns of a table, and makes examples of its rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from headstart.core.errors import InputError, NoTargets, Problem, nearest
from headstart.data.examples import Examples
from headstart.data.readers._folders import SPLIT_NAMES
from headstart.data.readers._input_column import USUAL_TARGETS, input_column, key, listed
from headstart.data.readers._kinds_of_input import modalities
from headstart.data.readers._numbers import shown
from headstart.data.readers._several import targets_of
from headstart.data.readers._table import Table
from headstart.data.readers._targets import is_present
from headstart.data.readers.base import Request, columns_named

_SPLIT_COLUMNS = frozenset({"split", "subset", "partition", "fold"})
_PLAIN = (str, int, float, date, type(None))


@dataclass(frozen=True)
class Columns:
    """The columns of a table that make its examples, and the modality of the input.

    ``guessed`` : nothing but its being left over says that the target column is one.
    """

    input: str
    targets: tuple[str, ...]
    group: str | None
    split: str | None
    modality: str
    unused: tuple[str, ...] = ()
    guessed: bool = False

    def names(self) -> list[str]:
        """Those there are."""
        return [name for name in (self.input, *self.targets, self.group, self.split) if name is not None]

    def roles(self) -> dict[str, str]:
        """Role → column, of the roles that are filled."""
        named = {"input": self.input, "target": ",".join(self.targets) or None, "group": self.group}
        return {role: name for role, name in named.items() if name is not None}

    def said(self) -> str:
        """A note for the person."""
        named = self.roles() | ({"given split": self.split} if self.split is not None else {})
        return (
            "Columns: "
            + ", ".join(f"{what} {name!r}" for what, name in named.items())
            + (f"; not used: {listed(self.unused)}." if self.unused else ".")
        )


def choose_columns(table: Table, request: Request) -> Columns:
    """Named columns, and the others found.

    Raises
    ------
    InputError : the table has no rows, a named column does not exist, a column cannot be told, or some rows are in
        no known split where most are.
    """
    if not len(table):
        under = f" under its heading, {listed(table.columns)}: is it a table in text?" if len(table.columns) else "."
        raise InputError(f"{table.name} holds no rows{under}")
    _refuse_unknown(table, request)
    request = _with_usual(table, request)
    named = columns_named(request.target, table.columns)
    split = _split_column(table, {request.input, *named, request.group}, request)
    taken = {name for name in (request.group, split) if name}
    targets = _target_columns(table, request, taken)
    column, modality = input_column(table, request, taken | set(targets))
    if not request.needs_targets:
        targets = ()
    guessed = request.needs_targets and not targets
    if guessed:
        targets = (_remaining_column(table, taken | {column}),)
    used = {column, *targets, request.group, split}
    unused = tuple(name for name in table.columns if name not in used)
    return Columns(column, targets, request.group, split, modality, unused, guessed)


def make_examples(table: Table, columns: Columns, request: Request) -> Examples:
    """The rows of the table as examples.

    Raises
    ------
    InputError : targets or groups are missing, targets are mixed, or a class cannot be learned.
    NoTargets : they are in a column that nobody named, and cannot be used.
    """
    modality = dict(modalities())[columns.modality]
    splits = table.splits
    if columns.split is not None:
        splits = [SPLIT_NAMES[key(cell)] for cell in table.columns[columns.split]]
    judged = splits if request.keeps_splits else None
    try:
        targets = targets_of(table, columns.targets, judged, request) if columns.targets else None
    except InputError as error:
        if columns.guessed:
            raise NoTargets(error.problems, error.summary) from error
        raise
    cells = table.columns[columns.input]
    return Examples(
        modality=columns.modality,
        references=[modality.locate(cell, table.folder) if is_present(cell) else None for cell in cells],
        ids=list(table.ids),
        targets=targets,
        splits=splits,
        groups=_groups(table, columns.group),
        source=table.name,
        notes=(*table.notes, columns.said()),
        columns=columns.roles(),
        further=_further(table, columns),
    )


def _further(table: Table, columns: Columns) -> dict[str, list[Any]]:
    """The columns that nobody uses, of plain cells: stored files, lists and the like say nothing by their value."""
    further = {name: list(table.columns[name]) for name in columns.unused if name in table.columns}
    return {name: cells for name, cells in further.items() if all(isinstance(cell, _PLAIN) for cell in cells)}


def _refuse_unknown(table: Table, request: Request) -> None:
    columns, problems = list(table.columns), []
    asked = [("--input", request.input), ("--group", request.group)]
    named = columns_named(request.target, columns)
    if request.needs_targets:
        asked += [("--target", name) for name in named]
    for option, name in asked:
        if name is not None and name not in table.columns:
            what = f"there is no column {name!r}.{nearest(name, columns)}"
            problems.append(Problem(f"{table.name}, {option}", what, "its columns: " + listed(columns)))
    if request.input in named:
        problems.append(Problem(table.name, f"the column {request.input!r} cannot be both the input and the target"))
    problems += [
        Problem(f"{table.name}, --target", f"the column {name!r} is named twice")
        for name in dict.fromkeys(named)
        if named.count(name) > 1
    ]
    if problems:
        raise InputError(problems)


def _with_usual(table: Table, request: Request) -> Request:
    """The request with the usual columns that this table has in the places of those nobody named."""
    usual = {what: name for what, name in request.usual.items() if name in table.columns}
    if several := [
        name for name in columns_named(request.usual.get("target"), table.columns) if name in table.columns
    ]:
        usual["target"] = ",".join(several)
    return replace(
        request,
        input=request.input or usual.get("input"),
        target=request.target or (usual.get("target") if request.needs_targets else None),
        group=request.group or (usual.get("group") if request.fits else None),
    )


def _target_columns(table: Table, request: Request, taken: set[str]) -> tuple[str, ...]:
    """The target columns named, or the one with a usual name, or none."""
    if request.target is not None:
        return tuple(name for name in columns_named(request.target, table.columns) if name in table.columns)
    if not request.needs_targets:
        return ()
    free = [name for name in table.columns if name not in taken and name != request.input]
    for usual in USUAL_TARGETS:
        found = [name for name in free if key(name) in usual]
        if len(found) > 1:
            raise InputError(
                f"{table.name} has several columns that may be the target: {listed(found)}. "
                f"Say which, e.g. --target {found[0]}."
            )
        if found:
            return (found[0],)
    return ()


def _remaining_column(table: Table, taken: set[str]) -> str:
    rest = [name for name in table.columns if name not in taken]
    if len(rest) == 1:
        _refuse_example(table, rest[0])
        return rest[0]
    choice = (
        f"Say which column is the target, e.g. --target {rest[0]}; the columns: {listed(rest)}."
        if rest
        else (f"It has no column besides {listed(sorted(taken))}; add one with the target of each row.")
    )
    raise NoTargets(f"{table.name} does not tell what to predict. {choice}")


def _refuse_example(table: Table, target: str) -> None:
    """Raise ``NoTargets`` where the name of the target column is one of the targets: names are missing."""
    if target in {str(cell).strip() for cell in table.columns[target]}:
        raise NoTargets(
            f"{table.name}: the first row should name the columns, and looks like an example, for {target!r} is also "
            "a target of other rows. Put a row such as 'text,label' above it; if that is the column's own name, say "
            f"--target {target!r}."
        )


def _split_column(table: Table, asked: set[str | None], request: Request) -> str | None:
    """A column called ``split`` (or a like word) whose every cell names one.

    Raises
    ------
    InputError : most of its cells do, and others do not.
    """
    heeded = request.fits and request.keeps_splits
    for name, cells in table.columns.items():
        if table.splits is not None or key(name) not in _SPLIT_COLUMNS or name in asked:
            continue
        splits = [SPLIT_NAMES.get(key(cell)) for cell in cells]
        if "train" not in splits:
            continue
        unknown = [row for row, split in enumerate(splits) if split is None]
        if not unknown:
            return name
        if heeded and 2 * len(unknown) < len(splits):
            raise InputError(
                [Problem(table.ids[row], _no_split(cells[row])) for row in unknown],
                f"{table.name}, column {name!r}: {len(unknown)} of {len(splits)} rows are in no known split. "
                f"Name one ({', '.join(SPLIT_NAMES)}) or remove the row; or give the column another name, and it "
                "is not used.",
            )
    return None


def _no_split(cell: Any) -> str:
    return f"{shown(cell, 60)} is no split's name" if is_present(cell) else "the split is missing"


def _groups(table: Table, column: str | None) -> list[str] | None:
    if column is None:
        return None
    values = table.columns[column]
    missing = [
        Problem(id_, "the group is missing") for id_, v in zip(table.ids, values, strict=True) if not is_present(v)
    ]
    if missing:
        raise InputError(missing, f"{table.name}, column {column!r}: every example needs a group.")
    return [str(value) for value in values]
