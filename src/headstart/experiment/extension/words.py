"""What a person reads of an extended model: a table, a headline, findings, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence

from headstart.core.counts import first_few
from headstart.core.results import Finding, FindingExample
from headstart.delivery.writing import figure_interval, figure_value
from headstart.experiment.extension.result import Extension, Part, Unbounded

NAME = "extension"
TOGETHER = "`headstart fit` on the old and the new examples together, where they are still there, could do more."
SHOWN = 20
"""Examples that a finding names."""


def say(extension: Extension) -> list[tuple[str, str, str, str]]:
    """A table for a person: what was judged, accuracy, its 95 % interval, and on how many examples."""
    old = "" if extension.unseen else ", which the old model had learnt from"
    rows = [("", "accuracy", "95 % interval", "")]
    for name, some, more in (
        ("old classes, before", extension.before, f" held out before{old}"),
        ("old classes, now", extension.after, " of them, the same"),
        ("new classes", extension.new, " of the new data, held out"),
        ("old classes in the new data", extension.more, " held out"),
        ("all together", extension.both, ""),
    ):
        if some is not None:
            rows.append((name, *_written(some), f"{some.examples:,} examples{more}"))
    now = "is" if extension.taken_for_new == 1 else "are"
    taken = f"; {extension.taken_for_new:,} {now} now taken for a new class" if extension.taken_for_new else ""
    held = f"; new ones were held back by {extension.held_back:.2f} for it" if extension.held_back else ""
    more = f"; each old example counted {extension.counted:g} times" if extension.counted > 1 else ""
    rows.insert(3, ("    change", *_points(extension), f"paired{taken}{more}{held}"))
    return rows


def headline(extension: Extension) -> str:
    """How good the extended model is, in a sentence or two."""
    value, interval = _written(extension.both)
    new = f" New classes: {_written(extension.new)[0]}." if extension.new else ""
    return (
        f"On {extension.both.examples:,} held-out examples, old and new: accuracy {value} "
        f"(95 % interval {interval}). "
        f"Old classes: {_written(extension.before)[0]} before, {_written(extension.after)[0]} now.{new}"
    )


def _written(some: Part) -> tuple[str, str]:
    name = next(iter(some.figures))
    return figure_value(name, some.figures[name], True), figure_interval(name, some.figures[name], True)


def _points(extension: Extension) -> tuple[str, str]:
    value, low, high = (100 * number for number in extension.change)
    return f"{value:+z.1f}", f"{low:+z.1f} to {high:+z.1f} points"


def next_step(extension: Extension) -> str:
    """What to try next."""
    return "More labelled examples of the classes that are mixed up most." if extension.as_from_all else TOGETHER


def findings(extension: Extension, relabelled: Sequence[str], unjudged: Sequence[str]) -> list[Finding]:
    """What a person should know before the model is used.

    Parameters
    ----------
    relabelled : names of examples of new classes that the old model had met under one of its own.
    unjudged : new classes of which nothing was held out.
    """
    found = []
    if extension.bound is not None and -extension.change.value > extension.bound:
        found.append(_not_kept(extension))
    if extension.free is not None and extension.free.cost.high < 0:
        found.append(_paid(extension, extension.free))
    if extension.change.high < 0:
        found.append(_lost(extension))
    if relabelled:
        what = f"{len(relabelled)} examples of new classes are known to the model under an old one, which keeps them"
        named = [FindingExample(name, 1.0) for name in relabelled[:SHOWN]]
        step = "To split or rename a class, fit anew."
        found.append(Finding(NAME, "warning", f"{what}: adding a class cannot split one.", named, step))
    if unjudged:
        what = f"No example of {first_few(unjudged)} could be held out, so nothing says how good the model is there."
        step = "A few more examples of each, of another group where there are groups."
        found.append(Finding(NAME, "info", what, next_step=step))
    if extension.tuned:
        what = "The network was tuned to the old classes; the new ones are told apart by features not made for them."
        found.append(Finding(NAME, "info", what, next_step=TOGETHER))
    if extension.kept_of > extension.learnt_old:
        kept = f"The guard keeps {extension.learnt_old:,} of the {extension.kept_of:,} old examples"
        found.append(Finding(NAME, "info", f"{kept}; the head was solved on these.", next_step=TOGETHER))
    return found


def _not_kept(extension: Extension) -> Finding:
    asked, value = _share(extension.bound or 0.0), _points(extension)[0].lstrip("+-")
    what = f"The old classes were to lose at most {asked}, and lose {value} points where no example judges itself."
    return Finding(NAME, "warning", what, next_step="A bound a little tighter than what is needed, or more examples.")


def _paid(extension: Extension, free: Unbounded) -> Finding:
    """What the new classes pay for the bound; serious where that is most of what they would have."""
    now = extension.new or free.new  # there are the same examples of both
    (reached, _), (without, _) = _written(now), _written(free.new)
    low, high = (f"{100 * number:+z.1f}" for number in free.cost[1:])
    collapsed = 2 * _accuracy(now) < _accuracy(free.new)
    what = (
        f"To lose at most {_share(extension.bound or 0.0)} of the old classes the new ones were held back: they "
        f"reach {reached}, and would reach {without} without the bound ({low} to {high} points for it)."
    )
    loss = f"without a bound the old classes change by {100 * free.change.value:+z.1f} points"
    step = f"Allow more with --forgetting: {loss}. {TOGETHER}"
    return Finding(NAME, "serious" if collapsed else "warning", what, next_step=step)


def _accuracy(some: Part) -> float:
    return next(iter(some.figures.values())).value


def _share(value: float) -> str:
    return f"{value:.1%}".replace("%", " %")


def _lost(extension: Extension) -> Finding:
    value, interval = _points(extension)
    what = f"The old classes lost {value.lstrip('+-')} points of accuracy ({interval})"
    if extension.as_from_all:
        alike = "solved on all examples at once would lose as much"
        other = alike if extension.counted == 1 else "for which all examples count alike would hardly lose less"
        return Finding(NAME, "info", f"{what}: there are more classes to choose from, and a head {other}.")
    return Finding(NAME, "warning", f"{what}.", next_step=TOGETHER)
