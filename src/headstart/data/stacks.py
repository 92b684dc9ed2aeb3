"""Volumes among the examples as short stacks: a series of files becomes one example."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from headstart.core.errors import InputError, Problem, UsageError
from headstart.core.stack_size import mistake_of_stack
from headstart.data.examples import Examples
from headstart.data.modalities.base import Modality

ONE_EXAMPLE = "--stack makes one example of the files of a series in one folder."


def stacked(examples: Examples, modality: Modality, slices: int) -> Examples:
    """Every volume as one example that shows `slices` neighbouring slices; what is no volume stays as it is.

    Raises
    ------
    UsageError : no stack has so many slices.
    InputError : there is no volume; or the files of one have several targets, splits or groups, or two of them one
        place, each named.
    """
    if mistake := mistake_of_stack(slices):
        raise UsageError(f"--stack: {mistake}.")
    volumes = modality.volumes(examples.references, slices)
    if not volumes:
        raise InputError(
            f"{examples.source or 'The input'} holds no DICOM series and no NIfTI volume; --stack is for these alone."
        )
    if problems := [_clash(examples.ids, *clash) for _, _, clashes in volumes for clash in clashes]:
        raise InputError(problems, ONE_EXAMPLE)
    if problems := [problem for _, rows, _ in volumes for problem in _torn(examples, rows)]:
        raise InputError(problems, ONE_EXAMPLE)
    made = {rows[0]: (reference, rows) for reference, rows, _ in volumes}
    inside = {row for _, rows, _ in volumes for row in rows[1:]}
    kept = [row for row in range(len(examples)) if row not in inside]
    references = [made[row][0] if row in made else examples.references[row] for row in kept]
    ids = [_called(examples.ids, made[row][1]) if row in made else examples.ids[row] for row in kept]
    files = sum(len(rows) for _, rows, _ in volumes)
    note = f"Stacks of {slices} slices: {len(volumes):,} volumes of {files:,} files."
    return replace(examples.select(kept), references=references, ids=ids, notes=(*examples.notes, note))


def _called(ids: Sequence[str], rows: Sequence[int]) -> str:
    """The first file and how many follow it."""
    return ids[rows[0]] if len(rows) == 1 else f"{ids[rows[0]]} and {len(rows) - 1} more"


def _clash(ids: Sequence[str], first: int, second: int, same: bool) -> Problem:
    """That two files of a volume lie at one place."""
    if same:
        return Problem(ids[second], f"it is the same slice as {ids[first]}", "leave one of them out")
    return Problem(
        ids[second],
        f"it lies where {ids[first]} of the same series does, and no acquisition or time tells them apart",
        "put each volume into a folder of its own, or leave out --stack",
    )


def _torn(examples: Examples, rows: Sequence[int]) -> list[Problem]:
    """What the files of one volume do not agree in."""
    columns = {"target": examples.targets, "split": examples.splits, "group": examples.groups}
    problems = []
    for name, cells in columns.items():
        other = None if cells is None else _first_other(cells, rows)
        if cells is not None and other is not None:
            what = (
                f"its {name} is {cells[other]}, that of {examples.ids[rows[0]]} in the same series {cells[rows[0]]}"
            )
            how = f"give all files of a series one {name}, or leave out --stack, by which each file is an example"
            problems.append(Problem(examples.ids[other], what, how))
    return problems


def _first_other(cells: Sequence[Any], rows: Sequence[int]) -> int | None:
    return next((row for row in rows if _differ(cells[row], cells[rows[0]])), None)


def _differ(one: Any, other: Any) -> bool:
    """Whether two cells say different things; NaN is one that is missing, and two of these do not."""
    both_missing = one != one and other != other
    return bool(one != other) and not both_missing
