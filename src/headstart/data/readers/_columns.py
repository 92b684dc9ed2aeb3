"""Finds the target, group and split columns of a table, and makes examples of its rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

from headstart.core.errors import InputError, Problem, nearest
from headstart.data.examples import Examples
from headstart.data.readers._classes import raise_class_mistakes
from headstart.data.readers._folders import SPLIT_NAMES
from headstart.data.readers._input_column import USUAL_TARGETS, input_column, key, listed
from headstart.data.readers._kinds_of_input import modalities
from headstart.data.readers._table import Table
from headstart.data.readers._targets import clean_targets, is_present
from headstart.data.readers.base import Request


@dataclass(frozen=True)
class Columns:
    """The columns of a table that make its examples, and the modality of the input."""

    input: str
    target: str | None
    group: str | None
    split: str | None
    modality: str
    unused: tuple[str, ...] = ()

    def names(self) -> list[str]:
        """Those there are."""
        return [name for name in (self.input, self.target, self.group, self.split) if name is not None]

    def roles(self) -> dict[str, str]:
        """Role → column, of the roles that are filled."""
        named = {"input": self.input, "target": self.target, "group": self.group}
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
    InputError : the table has no rows, a named column does not exist, or a column cannot be told.
    """
    if not len(table):
        raise InputError(f"{table.name} holds no rows.")
    _refuse_unknown(table, request)
    request = _with_usual(table, request)
    split = _split_column(table, {request.input, request.target, request.group})
    taken = {name for name in (request.group, split) if name}
    target = _target_column(table, request, taken)
    taken_too = taken | {target} if target else taken
    column, modality = input_column(table, request, taken_too)
    if not request.needs_targets:
        target = None
    elif target is None:
        target = _remaining_column(table, taken | {column})
    unused = set(table.columns) - {column, target, request.group, split}
    return Columns(column, target, request.group, split, modality, tuple(n for n in table.columns if n in unused))


def make_examples(table: Table, columns: Columns, request: Request) -> Examples:
    """The rows of the table as examples.

    Raises
    ------
    InputError : targets or groups are missing, targets are mixed, or a class cannot be learned.
    """
    modality = dict(modalities())[columns.modality]
    targets = None
    if columns.target is not None:
        where = f"{table.name}, column {columns.target!r}"
        targets = clean_targets(table.columns[columns.target], table.ids, where, table.decimal_comma)
    splits = table.splits
    if columns.split is not None:
        splits = [SPLIT_NAMES[key(cell)] for cell in table.columns[columns.split]]
    if targets is not None and request.fits:
        raise_class_mistakes(table.name, targets, table.ids, splits)
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
    )


def _refuse_unknown(table: Table, request: Request) -> None:
    columns, problems = list(table.columns), []
    asked = {"--input": request.input, "--group": request.group}
    if request.needs_targets:
        asked["--target"] = request.target
    for option, name in asked.items():
        if name is not None and name not in table.columns:
            what = f"there is no column {name!r}.{nearest(name, columns)}"
            problems.append(Problem(f"{table.name}, {option}", what, "its columns: " + listed(columns)))
    given = [name for name in (request.input, request.target) if name is not None]
    if len(given) == 2 and given[0] == given[1]:
        problems.append(Problem(table.name, f"the column {given[0]!r} cannot be both the input and the target"))
    if problems:
        raise InputError(problems)


def _with_usual(table: Table, request: Request) -> Request:
    """The request with the usual columns that this table has in the places of those nobody named."""
    usual = {what: name for what, name in request.usual.items() if name in table.columns}
    return replace(
        request,
        input=request.input or usual.get("input"),
        target=request.target or (usual.get("target") if request.needs_targets else None),
    )


def _target_column(table: Table, request: Request, taken: set[str]) -> str | None:
    """The target column named, or the one with a usual name, or None."""
    if request.target is not None:
        return request.target if request.target in table.columns else None
    if not request.needs_targets:
        return None
    free = [name for name in table.columns if name not in taken and name != request.input]
    for usual in USUAL_TARGETS:
        found = [name for name in free if key(name) in usual]
        if len(found) > 1:
            raise InputError(
                f"{table.name} has several columns that may be the target: {listed(found)}. "
                f"Say which, e.g. --target {found[0]}."
            )
        if found:
            return found[0]
    return None


def _remaining_column(table: Table, taken: set[str]) -> str:
    rest = [name for name in table.columns if name not in taken]
    if len(rest) == 1:
        return rest[0]
    choice = (
        f"Say which column is the target, e.g. --target {rest[0]}; the columns: {listed(rest)}."
        if rest
        else (f"It has no column besides {listed(sorted(taken))}; add one with the target of each row.")
    )
    raise InputError(f"{table.name} does not tell what to predict. {choice}")


def _split_column(table: Table, asked: set[str | None]) -> str | None:
    """A column called ``split`` (or a like word) whose every cell names one."""
    for name in table.columns:
        if table.splits is None and key(name) in {"split", "subset", "partition", "fold"} and name not in asked:
            cells = {key(value) for value in table.columns[name]}
            if cells <= SPLIT_NAMES.keys() and "train" in {SPLIT_NAMES[cell] for cell in cells}:
                return name
    return None


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
