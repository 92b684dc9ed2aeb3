"""What the pixels of masks mean: found in a class file, a palette, or in the pixels themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from headstart.core.errors import InputError, Problem
from headstart.core.masks import IGNORED, MOST_CLASSES, Colour, Legend, usual_colour
from headstart.data.readers._class_legends import ClassLines, Line

MOST_COLOURS = 64
"""Colours of masks without a class file; more are no classes, but shades."""

SHADE = 100
"""The least value that is rather a shade of grey than the number of a class, where most below it are missing."""

MOST_LISTED = 8
"""Values of masks that are said one by one."""


@dataclass(frozen=True)
class Pixels:
    """What the pixels of one mask are: how many of each code, whether these are colours, and its palette."""

    size: tuple[int, int]
    counts: Mapping[int, int]
    coloured: bool
    content: str
    palette: Sequence[Colour] | None = field(default=None, repr=False)

    def counts_by(self, coloured: bool) -> Mapping[int, int]:
        """How many of each code, where all masks together are ``coloured`` or not: greys and palettes too."""
        if self.coloured or not coloured:
            return self.counts
        counts: Counter[int] = Counter()
        for value, count in self.counts.items():
            r, g, b = self.colour(value) or (value, value, value)
            counts[(r << 16) + (g << 8) + b] += count
        return counts

    def colour(self, value: int) -> Colour | None:
        """That of a value in the palette, where it has one."""
        return self.palette[value] if self.palette and value < len(self.palette) else None


def legend_of(found: Sequence[Pixels], said: ClassLines | None, where: str) -> tuple[Legend, str]:
    """What these pixels mean, and how that was found, in words; `said` are their classes where something says them.

    Raises
    ------
    InputError : coloured masks of which a class file gives no colours, more of them than there can be classes, or
        palettes that differ.
    """
    coloured = any(each.coloured for each in found)
    total: Counter[int] = Counter()
    for each in found:
        total.update(each.counts_by(coloured))
    if not coloured and (said is None or any(line.colour for line in said.lines)):
        _refuse_other_palettes(found, where)
    palette = next((each.palette for each in found if each.palette), None)
    if said is not None:
        return _as_said(said, coloured)
    if coloured:
        return _from_colours(sorted(total), where), f"colour masks, {len(total)} colours found"
    if set(total) == {0, IGNORED}:
        both = ((0, 0, 0), (255, 255, 255))
        return Legend(("background", "foreground"), (0, 255), both), "masks of 0 and 255"
    return _from_values(sorted(total), palette)


def _refuse_other_palettes(found: Sequence[Pixels], where: str) -> None:
    """Raise InputError where a value that occurs has other colours in two files: it is not one class then."""
    colours: dict[int, Colour] = {}
    for each in found:
        for value in each.counts:
            own = each.colour(value)
            if own is not None and value != IGNORED and colours.setdefault(value, own) != own:
                one, other = (", ".join(map(str, colour)) for colour in (colours[value], own))
                what = f"the palettes of its masks differ: {value} is the colour {one} in one, and {other} in another"
                raise InputError(Problem(where, what, "save the masks as RGB, and colours are the classes"))


def _from_values(found: list[int], palette: Sequence[Colour] | None) -> tuple[Legend, str]:
    values = found if _is_shade(found) else [value for value in found if value != IGNORED]
    colours = tuple(_colour(value, palette) for value in values)
    kind = "palette masks" if palette else "index masks"
    silent = f", {IGNORED} ignored" if IGNORED in found and IGNORED not in values else ""
    legend = Legend(tuple(map(str, values)), tuple(values), colours, (IGNORED,))
    return legend, f"{kind}, values {_listed(values)}{silent}" if values else f"{kind} without a class"


def _is_shade(values: list[int]) -> bool:
    """Whether 255 is one of a few shades, as in 0, 128 and 255, where numbers of classes would be lower or denser."""
    others = [value for value in values if value != IGNORED]
    return bool(others) and others[-1] >= SHADE and 2 * len(others) < others[-1]


def _listed(values: list[int]) -> str:
    """``0 to 11``; where numbers are missing and few are there, all of them."""
    gaps = len(values) <= values[-1] - values[0]
    return ", ".join(map(str, values)) if gaps and len(values) <= MOST_LISTED else f"{values[0]} to {values[-1]}"


def _colour(value: int, palette: Sequence[Colour] | None) -> Colour:
    return palette[value] if palette and value < len(palette) else usual_colour(value)


def _as_said(said: ClassLines, coloured: bool) -> tuple[Legend, str]:
    lines, source = said
    if coloured and (without := [line.name for line in lines if line.colour is None]):
        what = f"masks are coloured, and it gives no colour for {', '.join(without[:5])}"
        raise InputError(Problem(source, what, "write name, r, g, b"))
    judged = [line for line in lines if not line.silent]

    def code(line: Line) -> int:
        r, g, b = line.colour or (0, 0, 0)
        return (r << 16) + (g << 8) + b if coloured else int(line.value or 0)

    legend = Legend(
        tuple(line.name for line in judged),
        tuple(map(code, judged)),
        tuple(line.colour or usual_colour(place) for place, line in enumerate(judged)),
        tuple(code(line) for line in lines if line.silent) + (() if coloured else (IGNORED,)),
        coloured,
    )
    kind = "colour masks" if coloured else "index masks"
    return legend, f"{kind}, {len(judged)} classes of {Path(source).name}"


def _from_colours(codes: list[int], where: str) -> Legend:
    if len(codes) > min(MOST_COLOURS, MOST_CLASSES):
        raise InputError(
            f"{where}: the masks have {len(codes)} colours and there is no class file that says which are classes. "
            "Add classes.csv with a line `name,r,g,b` for each; pictures that were scaled or compressed have more "
            "colours than classes."
        )
    colours = tuple((code >> 16, code >> 8 & 255, code & 255) for code in codes)
    return Legend(tuple(f"#{code:06x}" for code in codes), tuple(codes), colours, (), True)
