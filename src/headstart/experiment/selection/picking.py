"""Picks a backbone from how the candidates stand: the score and the static list together, ties to the cheaper."""

from __future__ import annotations

from dataclasses import dataclass

from headstart.core.counts import say_count
from headstart.core.results import Figure
from headstart.experiment.selection.halving import NEGLIGIBLE, NO_TIME
from headstart.experiment.selection.race import Race, Standing

A_RANK = 0.005
"""What a point of published accuracy more is worth beforehand, in the scale of the figures: half a point.

Across networks the log-odds of accuracies on ImageNet and on other sets rise together (Kornblith et al. 2019,
arXiv:1805.08974). At the slope 1, a point at 75 % (0.01 / (0.75 · 0.25) of log-odds) is half a point at 90 %
(0.90 · 0.10 of that). A point of MTEB's average at 65 % is as much at 87 %."""

MOST_BY_RANK = 0.05
"""No more than five points are expected of any difference on the list."""

DOUBT = 0.05
"""Standard deviation of the true difference about that expectation: the list is often wrong by five points."""

CHEAPER = 0.8
"""Parameters or operations at or below this share of another's are clearly fewer."""


@dataclass(frozen=True)
class Pick:
    """The backbone that was picked, and why, as part of a sentence."""

    standing: Standing
    why: str


def pick(race: Race) -> Pick:
    """The candidate of the best expected figure, or one that is as good and both smaller and faster.

    The expectation weighs what was measured against what the static list says, by their precisions: for normal
    errors with d ± s measured and m ± t expected beforehand it is (d/s² + m/t²) / (1/s² + 1/t²). On hundreds of
    examples the measured difference decides, on a few dozen the list.
    """
    running = race.running
    if len(running) == 1:
        return Pick(running[0], _only(race, running[0]))
    expected = {id(standing): _expected(race, standing) for standing in running}
    best = max(running, key=lambda standing: expected[id(standing)])
    close = [one for one in running if one is not best and expected[id(best)] - expected[id(one)] <= NEGLIGIBLE]
    if tied := [one for one in close if _cheaper(one, best)]:
        chosen = min(tied, key=lambda one: (one.probed.parameters, one.probed.operations))
        return Pick(chosen, _as_good(chosen, best))
    leader = running[0]
    if best is leader:
        return Pick(best, _ahead(race, best, running[1]))
    return Pick(best, _by_the_list(race, best, leader))


def _expected(race: Race, standing: Standing) -> float:
    """The expected difference to the leader, in the scale of the figures; 0 for the leader itself."""
    leader = race.running[0]
    if standing is leader:
        return 0.0
    gain, scale = race.gain(standing, leader), race.scale()
    # A resample of few examples that all were right or wrong alike has no spread; one example more might differ.
    error = max(gain.error / scale, 1 / standing.examples)
    by_rank = A_RANK * (standing.candidate.card.rank - leader.candidate.card.rank)
    beforehand = max(-MOST_BY_RANK, min(by_rank, MOST_BY_RANK))
    measured, listed = 1 / error**2, 1 / DOUBT**2
    return (gain.figure.value / scale * measured + beforehand * listed) / (measured + listed)


def _cheaper(one: Standing, than: Standing) -> bool:
    """Whether it is smaller and faster: clearly so in one of the two, and no worse in the other.

    Where no operations were counted nobody knows how fast it is, and the size decides.
    """
    shares = [one.probed.parameters / max(than.probed.parameters, 1)]
    if one.probed.operations and than.probed.operations:
        shares.append(one.probed.operations / than.probed.operations)
    return min(shares) <= CHEAPER and max(shares) <= 1


def _only(race: Race, chosen: Standing) -> str:
    if len(race.standings) == 1:
        return "no other could be probed" if race.left_out else "there is no other"
    if any(one.unprobed for one in race.standings):
        return f"the only one left on {chosen.examples} examples: others could not be probed, or were worse"
    if any(one.out == NO_TIME for one in race.standings):
        return f"the only one left on {chosen.examples} examples: others were worse, or had no time to go on"
    return f"better than every other by more than chance, on {chosen.examples} examples"


def _as_good(chosen: Standing, best: Standing) -> str:
    both = (chosen.probed, best.probed)
    sizes = " against ".join(say_count(one.parameters) for one in both)
    work = " against ".join(say_count(one.operations) if one.operations else "unknown" for one in both)
    return (
        f"as good as {best.candidate.name} as far as can be told, and cheaper: {sizes} parameters and {work} "
        "operations an example"
    )


def _ahead(race: Race, best: Standing, second: Standing) -> str:
    gain = race.gain(best, second).figure
    return f"{_said(gain)} better than {second.candidate.name}{_doubt(gain)}, and no other is as good and cheaper"


def _by_the_list(race: Race, best: Standing, leader: Standing) -> str:
    gain = race.gain(leader, best).figure
    return (
        f"{leader.candidate.name} scored {_said(gain)} better{_doubt(gain)} on {best.examples} examples, and the "
        f"static list has this one at {best.candidate.static_rank}, that one at {leader.candidate.static_rank}"
    )


def _said(gain: Figure) -> str:
    return f"{gain.value:z.3f}"


def _doubt(gain: Figure) -> str:
    chance = ", which may be chance" if gain.low <= 0 else ""
    return f" ({gain.low:z.3f} to {gain.high:z.3f}{chance})"
