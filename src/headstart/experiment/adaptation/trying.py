"""Tries adaptations, the shallow first, of equally deep ones the cheapest, while there is time for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np
import torch

from headstart.adaptations.base import Adapted, Domains
from headstart.core.errors import MissingDependency
from headstart.core.progress import Progress
from headstart.core.timing import say_duration
from headstart.experiment.adaptation.choice import Tried, calm_answers, judged
from headstart.experiment.adaptation.class_shares import rare_among
from headstart.experiment.adaptation.clock import Clock
from headstart.experiment.adaptation.methods import Way

SOURCE = "source model"

NOTICED = 1.0
"""Seconds from which it is said what an adaptation will take."""


@dataclass(frozen=True)
class Trials:
    """What was ``tried``, the source model first; what was ``left_out`` for what it lacks, and ``not_tried`` for want
    of time, by name and why."""

    tried: list[Tried]
    left_out: dict[str, str] = field(default_factory=dict)
    not_tried: dict[str, str] = field(default_factory=dict)

    def for_want_of_time(self) -> str:
        """What follows a reason where there was no time for all; empty else."""
        if not self.not_tried:
            return ""
        return f"; for want of time (--budget) not tried: {', '.join(self.not_tried)}"


def try_all(domains: Domains, ways: dict[str, Way], careful: bool, clock: Clock, progress: Progress) -> Trials:
    """The source model and every adaptation that can be tried, judged; the others with what they lack.

    Parameters
    ----------
    careful : leaves out what takes the source's shares of the classes for those of the new inputs, once what does not
        has found that some hardly appear. The source model's answers alone say nothing of that.
    """
    before = Adapted(domains.network, domains.target, domains.outputs, domains.source)
    trials = Trials([judged(SOURCE, "leaves everything as it is", domains, before, 0, 0.0)])
    for depth, group in groupby(ways.items(), key=lambda each: each[1].adaptation.depth):
        if careful and depth > 1 and len(trials.tried) > 1:
            domains = replace(domains, rare=tuple(rare_among(domains, calm_answers(trials.tried)).tolist()))
        longest = 0.0
        for seconds, name, way in _cheapest_first(group, domains, clock, trials):
            if (seconds or longest) > clock.left:
                trials.not_tried[name] = clock.too_long(seconds or longest)
                continue
            if seconds >= NOTICED:
                progress.say(f"  {name}: about {say_duration(seconds)}")
            began = clock.stopwatch.total
            try:
                if one := _tried(name, way, domains, clock, progress):
                    trials.tried.append(one)
                else:
                    trials.left_out[name] = "it diverged: its answers are no numbers"
            except MissingDependency as lacking:
                trials.left_out[name] = str(lacking)
            longest = max(longest, clock.stopwatch.total - began)
    for name, why in trials.not_tried.items():
        progress.say(f"  not tried: {name}: {why}")
    return trials


def _cheapest_first(
    ways: Iterable[tuple[str, Way]], domains: Domains, clock: Clock, trials: Trials
) -> list[tuple[float, str, Way]]:
    """Those of equally deep `ways` that can be tried, each with the seconds that a trial says, 0 where none was made;
    what the others lack is noted in `trials`. No trial is made where the time is up anyway."""
    ready = []
    for name, way in ways:
        try:
            if missing := way.adaptation.missing(domains):
                trials.left_out[name] = missing
            else:
                ready.append((way.adaptation.predicted_seconds(domains) if clock.left > 0 else 0.0, name, way))
        except MissingDependency as lacking:
            trials.left_out[name] = str(lacking)
    return sorted(ready, key=lambda one: one[0])


def _tried(name: str, way: Way, domains: Domains, clock: Clock, progress: Progress) -> Tried | None:
    """One adaptation, carried out and judged; None where it gives no numbers."""
    start = clock.stopwatch.total
    made = way.adaptation.adapt(domains)
    if not (bool(torch.isfinite(made.outputs).all()) and np.isfinite(made.target).all()):
        return None
    seconds = clock.stopwatch.total - start
    one = judged(name, way.adaptation.summary, domains, made, way.adaptation.depth, seconds)
    note = f"; {made.note}" if made.note else ""
    progress.say(f"  tried {name}: it {way.adaptation.summary} ({seconds:.1f} s){note}")
    return replace(one, may_be_kept=way.may_be_kept)
