"""Several tables with a target each, read as one: every row has only the targets of its own table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from headstart.core.errors import InputError, Problem
from headstart.core.paths import expanded
from headstart.data.examples import Examples
from headstart.data.modalities import MODALITIES
from headstart.data.read import read
from headstart.data.readers._folders import is_path
from headstart.data.readers._kinds_of_input import kind_of
from headstart.data.readers.base import Request

UNNAMED = "label"
"""The name of a target that stands in no column, such as the class folders of pictures."""


def read_all(request: Request, also: Sequence[str]) -> Examples:
    """All examples of ``request.source``, and of the tables `also`, ``other.csv:target`` each.

    A group is the same in all of them, so what one table binds to a row of another stays in one split with it.

    Raises
    ------
    InputError : as :func:`read`, for any of the tables; or they hold inputs of different kinds.
    """
    first = read(request)
    if not also:
        return first
    others = [_read_other(request, *table.rpartition(":")[::2]) for table in also]
    strangers = [each for each in others if each.modality != first.modality]
    if strangers:
        given, wanted = (MODALITIES.load(each.modality)().noun for each in (strangers[0], first))
        raise InputError(
            Problem(f"--also {strangers[0].source}", f"it holds {given}, and {first.source} holds {wanted}")
        )
    return _joined([first, *others])


def read_together(requests: Sequence[Request]) -> Examples:
    """The inputs of several sources, source after source, with the splits that they give, and their targets where all
    of them have such.

    Raises
    ------
    InputError : as :func:`read`, for any of them; or they hold inputs of different kinds.
    """
    parts = [read(request) for request in requests]
    if len(parts) == 1:
        return parts[0]
    for part in parts[1:]:
        if part.modality != parts[0].modality:
            given, wanted = (MODALITIES.load(each.modality)().noun for each in (part, parts[0]))
            raise InputError(Problem(part.source, f"it holds {given}, and {parts[0].source} holds {wanted}"))
    ids = [id_ for part in parts for id_ in part.ids]
    if len(set(ids)) < len(ids):
        ids = [f"{part.source}: {id_}" for part in parts for id_ in part.ids]
    return Examples(
        modality=parts[0].modality,
        references=[reference for part in parts for reference in part.references],
        ids=ids,
        targets=[each for part in parts for each in part.targets or []] if _all_have_targets(parts) else None,
        splits=_splits(parts),
        source=" and ".join(part.source for part in parts),
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )


def sources_of(data: Any) -> list[Any]:
    """What was handed over as a list of sources: it is one where a folder, a table or a text file is among paths."""
    paths = isinstance(data, list | tuple) and all(isinstance(each, str | Path) for each in data)
    return list(data) if paths and any(map(_holds_several, data)) else [data]


def _holds_several(source: str | Path) -> bool:
    """Whether it is a path at which a reader finds several inputs: a folder, or a file that is no input itself."""
    if not is_path(source):
        return False
    path = expanded(source)
    return path.is_dir() or (path.is_file() and kind_of(path) is None)


def _all_have_targets(parts: Sequence[Examples]) -> bool:
    return all(part.targets is not None for part in parts)


def _read_other(request: Request, source: str, target: str) -> Examples:
    named = {"input": request.input, "group": request.group}
    usual = {role: name for role, name in named.items() if name and name != target}
    try:
        return read(
            Request(source, target=target, keeps_splits=request.keeps_splits, stack=request.stack, usual=usual)
        )
    except InputError as error:
        raise InputError(f"--also {source}:{target}: {error}") from error


def _joined(parts: Sequence[Examples]) -> Examples:
    """All rows, one part after the other; a name that two rows have is told apart by its part. Where all parts have
    the same one target, more of its rows are all that there is."""
    named = [by_name(part) for part in parts]
    names = list(dict.fromkeys(name for targets in named for target in targets for name in target))
    rows = [{name: target.get(name) for name in names} for targets in named for target in targets]
    ids = [id_ for part in parts for id_ in part.ids]
    if len(set(ids)) < len(ids):
        ids = [f"{id_} ({place})" for place, part in enumerate(parts, start=1) for id_ in part.ids]
    notes = [note for part in parts for note in part.notes]
    return replace(
        parts[0],
        references=[reference for part in parts for reference in part.references],
        ids=ids,
        targets=rows if len(names) > 1 else [row[names[0]] for row in rows],
        splits=_splits(parts),
        groups=_groups(parts),
        source=" and ".join(part.source for part in parts),
        notes=tuple(dict.fromkeys([*notes, *_note_on_splits(parts), *_note_on_groups(parts)])),
        columns={**parts[0].columns, "target": ",".join(names)},
        further=_further(parts),
        numbers=None,
    )


def by_name(part: Examples) -> list[Mapping[str, Any]]:
    """The raw targets of examples as mappings from name to value, where one column was read too."""
    name = part.columns.get("target", UNNAMED)
    return [target if isinstance(target, Mapping) else {name: target} for target in part.targets or []]


def _further(parts: Sequence[Examples]) -> dict[str, list[Any]]:
    """The further columns of all parts; None for the rows of a part that has no such column."""
    names = dict.fromkeys(name for part in parts for name in part.further)
    return {name: [cell for part in parts for cell in part.further.get(name, [None] * len(part))] for name in names}


def _splits(parts: Sequence[Examples]) -> list[str | None] | None:
    if all(part.splits is None for part in parts):
        return None
    return [split for part in parts for split in (part.splits or [None] * len(part))]


def _note_on_splits(parts: Sequence[Examples]) -> list[str]:
    tested = [part for part in parts if part.splits is not None and "test" in part.splits]
    rest = [part.source for part in parts if not any(part is other for other in tested)]
    if not tested or not rest:
        return []
    return [f"{', '.join(rest)} gives no test split as {tested[0].source} does: its targets are not tested."]


def _note_on_groups(parts: Sequence[Examples]) -> list[str]:
    rest = [part.source for part in parts if part.groups is None]
    if not rest or parts[0].groups is None:
        return []
    column = parts[0].columns["group"]
    return [f"Without a column {column!r}, each row of {', '.join(rest)} is a group of its own."]


def _groups(parts: Sequence[Examples]) -> list[str] | None:
    """Groups as they are given; an example of a part without any is a group of its own."""
    if all(part.groups is None for part in parts):
        return None
    return [
        group for place, part in enumerate(parts) for group in (part.groups or [f"{place} {id_}" for id_ in part.ids])
    ]
