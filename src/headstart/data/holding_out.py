"""Chooses a stratified share of units (single examples, or groups that stay whole) to hold out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_FEWEST_HELD = 2
ENOUGH = 3
"""Examples of a class from which one can be held out for a test and one to compare."""

MUCH = 0.05
"""Share of what is to be held out by which a group may overshoot it: so a family of look-alikes does not wait."""


@dataclass(frozen=True)
class Unit:
    """Examples (indices) that stay together."""

    members: list[int]


def hold_out(
    units: Sequence[Unit],
    strata: Sequence[str],
    share: float,
    totals: Mapping[str, int],
    staying: Sequence[Unit] = (),
) -> tuple[list[Unit], list[Unit]]:
    """(units held out, units left), both in the order given, which decides between equals; `staying` are left too.

    A stratum always keeps an example in what is left, and is held out where it has at least three in all
    (`totals`, which counts a test split taken before) and two here. Groups are added greedily while that brings
    the held-out counts nearer to their aims, as in scikit-learn's StratifiedGroupKFold; one that overshoots them much
    only after all others, where these do not reach them.
    """
    made_of = [Counter(strata[i] for i in unit.members) for unit in units]
    here = Counter(strata[i] for unit in [*units, *staying] for i in unit.members)
    aims = _aims(here, share, {s: totals.get(s, here[s]) for s in here})
    chosen = _greedy(made_of, here, aims)
    return [unit for i, unit in enumerate(units) if i in chosen], [u for i, u in enumerate(units) if i not in chosen]


def _aims(here: Mapping[str, int], share: float, totals: Mapping[str, int]) -> dict[str, int]:
    """How many examples of each stratum to hold out: whole shares first, the rest by largest remainder."""
    aims, room = {}, {}
    for name, count in here.items():
        room[name] = count - 1 if totals[name] >= ENOUGH or count == totals[name] else 0
        aims[name] = min(int(count * share), room[name])
        if totals[name] >= ENOUGH and count >= 2:
            aims[name] = max(1, aims[name])
    wanted = max(_FEWEST_HELD, round(sum(here.values()) * share))
    by_remainder = sorted(here, key=lambda name: (here[name] * share - aims[name], here[name], name), reverse=True)
    lacking = min(wanted, sum(room.values())) - sum(aims.values())
    while lacking > 0:
        for name in by_remainder:
            if lacking > 0 and aims[name] < room[name]:
                aims[name] += 1
                lacking -= 1
    return aims


def _greedy(made_of: Sequence[Counter[str]], here: Mapping[str, int], aims: Mapping[str, int]) -> set[int]:
    """Places of the units held out."""
    held: Counter[str] = Counter()
    chosen: set[int] = set()

    def gain(unit: Counter[str]) -> int:
        """How much nearer the counts come to the aims (in examples) when this unit joins."""
        return sum(abs(aims[s] - held[s]) - abs(aims[s] - held[s] - count) for s, count in unit.items())

    def leaves_some(unit: Counter[str]) -> bool:
        return all(held[s] + count < here[s] for s, count in unit.items())

    def take(place: int) -> None:
        chosen.add(place)
        held.update(made_of[place])

    much = MUCH * sum(aims.values())

    def overshoots(unit: Counter[str]) -> bool:
        return sum(max(0, held[s] + count - aims[s]) for s, count in unit.items()) > much

    for at_last in (False, True):
        for place, unit in enumerate(made_of):
            if place not in chosen and gain(unit) > 0 and leaves_some(unit) and (at_last or not overshoots(unit)):
                take(place)
    for stratum in sorted(s for s, aim in aims.items() if aim > 0):
        if held[stratum] == 0:  # every group was too large; a class held out too much beats one not held out
            fitting = [p for p, unit in enumerate(made_of) if p not in chosen and unit[stratum] and leaves_some(unit)]
            if fitting:
                take(max(fitting, key=lambda p: (gain(made_of[p]), -p)))
    return chosen
