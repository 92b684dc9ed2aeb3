"""Which sets each kind of transfer is to be measured on; what a kind cannot be measured on is refused at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from types import ModuleType

from sets import IMAGE_SETS, TEXT_SETS

IMAGES = {*IMAGE_SETS, "digits_da", "pacs_photo_sketch", "digits_digit_origin"}
"""Sets of pictures; the others hold texts."""

GROUPS = ("all", "images", "text")


def sets_of(kind: ModuleType, asked: str) -> list[str]:
    """The sets that ``images``, ``text``, ``all`` or a list with commas names for `kind`.

    A kind's ``SETS`` are those it is measured on, else all of the quality benchmark; ``FURTHER`` are measured only
    where they are named.

    Raises
    ------
    ValueError : it has no such set; lists its own.
    """
    own: Collection[str] = getattr(kind, "SETS", None) or (*IMAGE_SETS, *TEXT_SETS)
    known = {*own, *getattr(kind, "FURTHER", ())}
    wanted: Sequence[str] = [part.strip() for part in asked.split(",") if part.strip()]
    found = [name for part in wanted for name in (_group(own, part) if part in GROUPS else [part])]
    if not found or (unknown := [name for name in found if name not in known]):
        what = "no set is named" if not wanted else f"no {asked}" if not found else f"no {', '.join(unknown)}"
        name = kind.__name__.rpartition(".")[2]
        raise ValueError(f"{name}: {what} among its sets; it is measured on {', '.join(sorted(known))}")
    return list(dict.fromkeys(found))


def _group(own: Collection[str], group: str) -> list[str]:
    return [name for name in own if group == "all" or (name in IMAGES) == (group == "images")]
