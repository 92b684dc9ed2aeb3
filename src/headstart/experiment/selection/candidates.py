"""Which backbones may be chosen from, and in which order a static list would put them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from headstart.backbones import Card, all_cards, load, out_of_reach
from headstart.core.counts import say_count
from headstart.core.errors import HeadstartError, UsageError
from headstart.data.modalities import MODALITIES
from headstart.experiment.bench import check_modality


@dataclass(frozen=True)
class Candidate:
    """A backbone that may be chosen.

    Attributes
    ----------
    given : what it is loaded by: its name, or a folder that a person named.
    static_rank : its place on the static list, 1 for the first.
    shared : whether another one has the same name, as folders do that end alike.
    """

    given: str
    card: Card
    static_rank: int
    shared: bool = False

    @property
    def name(self) -> str:
        """``source/name``; what it is loaded by, where that is the name of another one too."""
        return self.given if self.shared else self.card.name


class LeftOut(NamedTuple):
    """A backbone that was not ranked, and why."""

    backbone: str
    why: str


@dataclass(frozen=True)
class Wanted:
    """What a person asked to choose from.

    Attributes
    ----------
    named : these backbones, downloaded where they are not at hand; empty for all that are at hand.
    hub : also those worth listing that would have to be downloaded.
    most_parameters : no larger ones; None for no limit.
    """

    named: Sequence[str] = ()
    hub: bool = False
    most_parameters: int | None = None


def candidates_for(modality: str, wanted: Wanted) -> tuple[list[Candidate], list[LeftOut]]:
    """The backbones to rank, in the order of the static list, and those that are too large or out of
    reach. Where none is at hand but what stands in for others, those that would be downloaded are ranked too.

    The static list sorts by the rank of the cards: by published accuracy, else by size and age; of equals the smaller
    comes first. No weights are loaded, except to know a folder that a person named.

    Raises
    ------
    UsageError : there is none for this modality, or all are too large. HeadstartError : none can be reached.
    InputError : one that was named takes other inputs.
    """
    known = _named(wanted.named, modality) if wanted.named else _found(modality, wanted.hub)
    if not known:
        noun = MODALITIES.load(modality)().noun
        raise UsageError(
            f"No backbone for {noun} is at hand. `headstart models --all` lists those that can be downloaded, "
            "--hub ranks them too, and --backbones takes names and folders."
        )
    most = wanted.most_parameters
    fitting = {given: card for given, card in known.items() if most is None or card.parameters <= most}
    left_out = [
        LeftOut(card.name, f"it has {say_count(card.parameters)} parameters, more than {say_count(most or 0)}")
        for given, card in known.items()
        if given not in fitting
    ]
    if not fitting:
        least = min(card.parameters for card in known.values())
        every = f"All {len(known)} backbones have" if len(known) > 1 else f"{next(iter(known.values())).name} has"
        raise UsageError(
            f"{every} more than {say_count(most or 0)} parameters; the smallest has {say_count(least)}. Raise "
            "--most-parameters."
        )
    reasons = out_of_reach(list(fitting.values()))
    left_out += [LeftOut(name, why) for name, why in reasons.items()]
    fitting = {given: card for given, card in fitting.items() if card.name not in reasons}
    if not fitting:
        raise HeadstartError(f"No backbone can be fetched. {next(iter(reasons.values()))}")
    order = sorted(fitting.items(), key=lambda item: (-item[1].rank, item[1].parameters, item[1].name))
    often = Counter(card.name for card in fitting.values())
    found = [
        Candidate(given, card, place, shared=often[card.name] > 1)
        for place, (given, card) in enumerate(order, start=1)
    ]
    return found, left_out


def listed_by(candidates: Sequence[Candidate]) -> str:
    """What the static list of these goes by, as part of a sentence."""
    known = sum(one.card.published is not None for one in candidates)
    if known == len(candidates):
        return "by published accuracy alone"
    if not known:
        return "by size, age and breadth of pretraining alone, for no published accuracy is known"
    return f"by published accuracy for {known} of {len(candidates)}, by size, age and breadth for the others"


def _found(modality: str, hub: bool) -> dict[str, Card]:
    # Ranking is by pooled features, for which detectors were not made; by name they are ranked all the same.
    cards = {card.name: card for card in all_cards() if card.modality == modality and not card.boxes}
    at_hand = {name: card for name, card in cards.items() if card.at_hand}
    return cards if hub or all(card.stands_in for card in at_hand.values()) else at_hand


def _named(names: Sequence[str], modality: str) -> dict[str, Card]:
    listed = {card.name: card for card in all_cards()}
    cards = {name: listed.get(name) or load(name).card for name in names}
    for name, card in cards.items():
        check_modality(name, card, modality)
    return cards
