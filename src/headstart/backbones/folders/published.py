"""The cards of backbones that a library publishes on the hub: those worth listing, and those already downloaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from headstart.backbones._card import Card
from headstart.backbones._source import Source
from headstart.backbones.folders.folder import folder_card, read_config
from headstart.backbones.folders.hub import cached_folders
from headstart.backbones.folders.prior import Prior
from headstart.core.errors import HeadstartError

Listed = tuple[str, str, int, str]
"""Name, licence, number of weights, pretraining."""


def published_cards(
    source: Source,
    modality: str,
    worth_listing: Sequence[Listed],
    prior_of: Callable[[str, int], Prior],
    name_of: Callable[[str], str] = str,
) -> list[Card]:
    """A card for each name in `worth_listing` and each downloaded repository that `source` reads.

    `prior_of` gives the static prior of a name and a number of weights. `name_of` turns a repository into the name
    that the source uses for it.
    """
    cards = {name: _card(source, modality, listed, prior_of) for listed in worth_listing for name in listed[:1]}
    for repository, folder in cached_folders():
        if (card := _downloaded(source, folder)) is None:
            continue
        name = name_of(repository)
        known = cards.get(name)
        cards[name] = (
            replace(known, at_hand=True, bytes=card.bytes, path=card.path, words=card.words)
            if known
            else replace(card, name=f"{source.prefix}/{name}")
        )
    return list(cards.values())


def _downloaded(source: Source, folder: Path) -> Card | None:
    """The card, without a name, of what `source` reads in `folder`."""
    if not (folder / "config.json").is_file():
        return None
    try:
        config = read_config(folder)
        found = source.reads(folder, config)
        return folder_card(folder, config, found) if found else None
    except HeadstartError:
        return None  # what is broken there is said to those who ask for it, and not in every list


def _card(source: Source, modality: str, listed: Listed, prior_of: Callable[[str, int], Prior]) -> Card:
    name, licence, weights, pretraining = listed
    prior = prior_of(name, weights)
    return Card(
        f"{source.prefix}/{name}", modality, licence, weights, 4 * weights, pretraining, False, prior.rank,
        published=prior.published,
    )  # fmt: skip
