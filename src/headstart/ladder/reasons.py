"""Why a rung was kept or not, or not begun, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from headstart.core.results import Figure
from headstart.core.timing import say_duration
from headstart.delivery.writing import figure_change, figure_name
from headstart.ladder.comparison import HeldOut
from headstart.ladder.landing import Landing
from headstart.training.workbench import KEPT_FOR_THE_END, Workbench

TOO_FEW_MISTAKES = "too few for a dearer rung to show a gain"
OF_THE_BUDGET = "of the budget of"
"""Words by which a reason for stopping is known."""


def reason_of(held_out: HeldOut, landings: Sequence[Landing], i: int, chosen: int, best: int) -> str:
    """What became of the i-th rung, where `chosen` is kept and `best` has the best figure."""
    if len(landings) == 1:
        return "the only rung"
    against = best if i == chosen else chosen
    gain = held_out.gain(landings[i].outputs, landings[against].outputs).figure
    difference = _difference(held_out, gain, landings[i], landings[against])
    if i == chosen == best:
        return f"the best on the {held_out.called}, and no simpler rung within one standard error of it"
    if i == chosen and held_out.by_loss:
        return f"within one standard error of the best, and gives the truth the highest probability: {difference}"
    if i == chosen:
        return f"the simplest rung within one standard error of the best: {difference}"
    if worse := held_out.loss_of(landings[i].outputs, landings[0].outputs):
        return f"makes {figure_name(worse)} significantly worse than {landings[0].result.name}: {difference}"
    return difference + (", not worth the dearer rung" if i > chosen and gain.value > 0 else "")


def _difference(held_out: HeldOut, gain: Figure, one: Landing, other: Landing) -> str:
    """By how much the watched figure itself is higher, be that better or worse."""
    name = held_out.task.watched
    higher = held_out.task.higher_is_better[name]
    change = gain if higher else Figure(-gain.value, -gain.high, -gain.low)
    values = [held_out.value(each.outputs) for each in (one, other)]
    return f"{figure_name(name)} {figure_change(name, change, values, higher)} against {other.result.name}"


def too_long(rung: str, seconds: str, bench: Workbench) -> str:
    """Why a rung is not begun that would take so many `seconds`, in words."""
    spent, budget, after = (
        say_duration(each) for each in (bench.stopwatch.total, bench.deadline, bench.ending.seconds)
    )
    said = f"{rung} would take {seconds}; {spent} {OF_THE_BUDGET} {budget} are spent"
    kept = bench.ending.seconds > KEPT_FOR_THE_END * bench.deadline
    return f"{said}, and judging what is kept takes {after}" if kept else said
