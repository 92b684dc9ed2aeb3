"""Turns any source data into examples: finds the reader that recognises it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from headstart.core.errors import InputError, UsageError, nearest
from headstart.core.paths import ending_of, expanded, legible
from headstart.data.examples import Examples
from headstart.data.modalities import MODALITIES
from headstart.data.readers import READERS
from headstart.data.readers.base import Reader, Request
from headstart.data.stacks import stacked


def read(request: Request) -> Examples:
    """All examples of ``request.source``, undecoded.

    Raises
    ------
    InputError : nothing is named, there is no such path, no reader takes it, or its content has mistakes.
    """
    if isinstance(request.source, str) and not request.source.strip():
        raise InputError(
            "No data are named: the path is empty. Name a folder, a table or a file ('.' is this folder)."
        )
    if isinstance(request.source, str | Path) and str(request.source).startswith("~"):
        request = replace(request, source=type(request.source)(expanded(request.source)))
    readers = _readers()
    asked_for = [name for name, reader in readers.items() if reader.is_asked_for(request)]
    found = asked_for or [name for name, reader in readers.items() if reader.recognises(request.source)]
    if len(found) > 1:
        raise UsageError(
            f"{request.source}: the readers {' and '.join(found)} both recognise it; one must be removed."
        )
    if not found:
        raise InputError(_why_not(request.source, readers))
    examples = _legible(readers[found[0]].read(request))
    if request.stack is None:
        return examples
    return stacked(examples, MODALITIES.load(examples.modality)(), request.stack)


def read_as(
    modality: str,
    columns: Mapping[str, str],
    source: Any,
    input: str | None = None,
    target: str | None = None,
    needs_targets: bool = False,
    stack: int | None = None,
    objects: bool = False,
    masks: bool = False,
    outlined: bool = False,
) -> Examples:
    """What a finished model is asked about, undecoded.

    Parameters
    ----------
    modality : of the inputs that it takes. columns : of the table it was trained from, by role, taken where nobody
        names one. stack : how many slices of a volume it takes; None for a model that takes files as they are.
    objects : whether it finds single objects, by which masks are judged then.
    masks : whether it gives every pixel a class. outlined : whether the objects that it finds have outlines.

    Raises
    ------
    InputError : as :func:`read`, or the inputs are of another kind.
    """
    usual = {role: name for role, name in columns.items() if name}
    request = Request(
        source, input, target, needs_targets=needs_targets, fits=False, stack=stack, objects=objects, masks=masks,
        outlined=outlined, usual=usual,
    )  # fmt: skip
    return check_kind(read(request), modality)


def check_kind(examples: Examples, modality: str) -> Examples:
    """`examples`, if a model that takes inputs of `modality` takes them.

    Raises
    ------
    InputError : it does not.
    """
    if examples.modality != modality:
        given, wanted = (MODALITIES.load(name)().noun for name in (examples.modality, modality))
        raise InputError(f"This model takes {wanted}; {examples.source or 'the input'} holds {given}.")
    return examples


def _legible(examples: Examples) -> Examples:
    """`examples`, with names that any file can hold; what they refer to stays as it is."""
    return replace(
        examples,
        ids=legible(list(examples.ids)),
        targets=None if examples.targets is None else legible(list(examples.targets)),
        groups=None if examples.groups is None else legible(list(examples.groups)),
        source=legible(examples.source),
        notes=tuple(map(legible, examples.notes)),
    )


def _why_not(source: Any, readers: dict[str, Reader]) -> str:
    allowed = "What can be handed over:\n" + "\n".join(f"  - {reader.caption}" for reader in readers.values())
    if not isinstance(source, str | Path):
        return f"{type(source).__name__} {source!r:.60} cannot be read.\n{allowed}"
    try:
        path = Path(source)
        if not path.exists():
            return _missing(path, allowed)
    except (OSError, ValueError):
        return f"{str(source)!r:.60} is no path. To predict texts, hand over a list of them.\n{allowed}"
    if path.is_dir():
        return f"{_what_it_holds(path)}\n{allowed}"
    kind = f"files ending in {path.suffix}" if path.suffix else "files without an ending"
    return f"{path}: no reader takes {kind}.\n{allowed}"


def _missing(path: Path, allowed: str) -> str:
    """What is missing, at which step of the path, and the sibling nearest in name (else all allowed)."""
    first = path
    while not first.parent.exists() and first.parent != first:
        first = first.parent
    siblings = [child.name for child in first.parent.iterdir()] if first.parent.is_dir() else []
    where = "" if first == path else f" ({first} is not there)"
    hint = nearest(first.name, siblings)
    return f"There is no {path}{where}.{hint}" + ("" if hint else f"\n{allowed}")


def _what_it_holds(folder: Path) -> str:
    visible = [path for path in folder.rglob("*") if not path.name.startswith(".")]
    if not visible:
        return f"{folder} is an empty folder."
    endings = Counter(ending_of(path) or "no ending" for path in visible if path.is_file())
    if not endings:
        return f"{folder} holds {len(visible)} folders but no files."
    shown = ", ".join(f"{count} × {ending}" for ending, count in endings.most_common(5))
    inside = [
        path for path in sorted(folder.iterdir()) if any(reader.recognises(path) for reader in _readers().values())
    ]
    hint = f" Did you mean {inside[0]}?" if inside else ""
    return f"{folder} as a whole is nothing that can be learned from. Files found: {shown}.{hint}"


def _readers() -> dict[str, Reader]:
    return {name: READERS.load(name)() for name in READERS.names()}
