"""Which adaptations are tried, and which of them may be kept where nobody named them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headstart.adaptations import ADAPTATIONS
from headstart.adaptations.base import Adaptation
from headstart.core.settings import with_settings

ALL = "all"
"""Every adaptation, with every setting that it has for that."""

SHALLOW = 2
"""Adaptations of at most this depth leave the backbone as it is."""


@dataclass(frozen=True)
class Way:
    """An adaptation to try; whether it ``may_be_kept``, on the word of validators or of the labels that choose."""

    adaptation: Adaptation
    may_be_kept: bool = True


def asked_for(methods: Sequence[str] = (), deep: bool = False, labels: bool = False) -> dict[str, Way]:
    """The adaptations to try by name, the shallow before the deep, each ready and its settings checked.

    Those named, with their settings if any, or all; else those that move features and those that are trusted, and,
    where a few `labels` choose, all that leave the backbone as it is; with `deep` also those that train it. One that
    nobody named and that is not trusted is tried, judged and shown, and kept only by labels; one that needs labels is
    not tried without.

    Raises
    ------
    UsageError : there is no such adaptation, or it has no such setting.
    """
    if methods and ALL not in methods:
        made = {asked: _ready(asked) for asked in methods}
        return _by_depth({name: Way(one) for name, one in made.items()})
    made = {name: _ready(name) for name in _every(ALL in methods)}
    if ALL in methods:
        return _by_depth({name: Way(one) for name, one in made.items()})
    return _by_depth({
        name: Way(one, labels or one.trusted or one.depth > SHALLOW)
        for name, one in made.items()
        if (deep if one.depth > SHALLOW else labels or one.trusted or one.depth == 1)
        and (labels or not one.needs_labels)
    })  # fmt: skip


def _every(all_settings: bool) -> list[str]:
    """Each adaptation by name, with each of the settings it is tried with unasked, or all that it has for that."""
    return [
        f"{name}:{settings}" if settings else name
        for name in ADAPTATIONS.names()
        for settings in _settings(ADAPTATIONS.load(name), all_settings)
    ]


def _settings(adaptation: type[Adaptation], all_settings: bool) -> tuple[str, ...]:
    return adaptation.every() if all_settings else adaptation.settings


def _ready(asked: str) -> Adaptation:
    made: Adaptation = with_settings(ADAPTATIONS, asked, "--methods")
    made.check()
    return made


def _by_depth(ways: dict[str, Way]) -> dict[str, Way]:
    return dict(sorted(ways.items(), key=lambda each: each[1].adaptation.depth))
