"""The removal test: does the prediction fall further without the marked tenth than without a random tenth?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from headstart.core.results import Figure
from headstart.core.statistics import bootstrap_draws
from headstart.explanations._asked import Asked, Check, Point

SHARE = 0.1
DRAWS = 16
"""Random tenths, of the same size as the marked one."""

SHARES, FEW_DRAWS = (0.05, SHARE, 0.2, 0.4), 8
"""Of the curve, which decides nothing, and the random draws of each share but the tenth."""

_AT_ONCE = 8
"""Copies of an input that the network sees together: more fill the processor's caches and take longer each."""
_FEWEST_PARTS = 3


@dataclass(frozen=True)
class Falls:
    """``before`` and ``without`` the marked parts: the prediction; ``marked``: how far it fell; ``random`` (K,)."""

    before: float
    without: float
    marked: float
    random: np.ndarray

    @property
    def ratio(self) -> Figure:
        """How many times as far it falls, with an interval over the draws; infinite where they cost nothing."""
        draws = self.random[bootstrap_draws(len(self.random))].mean(axis=1)
        ratios = np.array([_times(self.marked, fall) for fall in draws])
        low, high = np.quantile(ratios, [0.025, 0.975], method="closest_observation")
        return Figure(_times(self.marked, float(self.random.mean())), float(low), float(high))


def _times(marked: float, random: float) -> float:
    """Times as far; 0 where the marked parts cost nothing, infinite where only they cost something."""
    if marked <= 0:
        return 0.0
    return marked / random if random > 0 else math.inf


def marked_parts(scores: Tensor, share: float = SHARE) -> Tensor:
    """Of U scores, which are the highest `share` (at least one): (U,) booleans."""
    marked = torch.zeros(len(scores), dtype=torch.bool)
    marked[scores.argsort(descending=True, stable=True)[: _count(scores, share)]] = True
    return marked


def _count(scores: Tensor, share: float) -> int:
    return max(1, round(share * len(scores)))


def falls(asked: Asked, scores: Tensor, seed: int, share: float = SHARE, draws: int = DRAWS) -> Falls:
    """How far the prediction falls without the marked `share`, and without each of so many random ones."""
    if asked.parts is None:
        raise ValueError("an example without parts has none to remove")
    marked = marked_parts(scores, share)
    random = np.random.default_rng(seed)
    removed = torch.zeros(draws + 2, len(scores), dtype=torch.bool)
    removed[1] = marked
    for row in removed[2:]:
        row[torch.from_numpy(random.choice(len(scores), int(marked.sum()), replace=False))] = True
    with torch.no_grad():
        rows = [asked.network(asked.parts.without(asked.example, some)) for some in removed.split(_AT_ONCE)]
    confidence = asked.aim.confidence(torch.cat(rows))
    fell = asked.aim.fall(confidence[0], confidence[1:]).numpy()
    return Falls(float(confidence[0]), float(confidence[1]), float(fell[0]), fell[1:])


def curve(asked: Asked, scores: Tensor, tenth: Falls, seed: int) -> tuple[Point, ...]:
    """The falls without growing shares of the parts; of shares that come to as many parts only one."""
    shares = {_count(scores, share): share for share in SHARES} | {_count(scores, SHARE): SHARE}
    points = []
    for _, share in sorted(shares.items()):
        fell = tenth if share == SHARE else falls(asked, scores, seed, share, FEW_DRAWS)
        points.append(Point(share, fell.marked, float(fell.random.mean())))
    return tuple(points)


def removal(asked: Asked, given: Tensor, seed: int = 0, curved: bool = True) -> Check:
    """Passed where the marked tenth surely costs more than random ones do on average: the interval lies above 1.

    With its curve, where that is wanted.
    """
    parts = asked.parts
    if parts is None or parts.count < _FEWEST_PARTS:
        few = f"The input has too few {parts.noun if parts else 'parts'} to take a tenth away."
        return Check("removal", Figure(math.nan, math.nan, math.nan), None, few)
    scores = parts.scores(given)
    fell = falls(asked, scores, seed)
    passed = fell.ratio.low > 1
    verdict = "" if passed else " The marked parts matter no more than others."
    told = curve(asked, scores, fell, seed) if curved else ()
    return Check("removal", fell.ratio, passed, _said(asked, fell) + verdict, curve=told)


def _said(asked: Asked, fell: Falls) -> str:
    times = fell.ratio
    far = "nothing is lost without random ones" if math.isinf(times.value) else f"{times.value:.1f} times as far"
    if fell.marked <= 0:
        far = "it does not fall"
    mean, say = float(fell.random.mean()), asked.aim.say
    moved = f"{-mean:+z.3f}" if asked.aim.is_probability else f"{say(mean)} up or down"
    return (
        f"Without the marked tenth of its {asked.parts.noun if asked.parts else 'parts'}, {asked.aim.noun} goes from "
        f"{say(fell.before)} to {say(fell.without)}; without a random tenth it moves by {moved} on "
        f"average ({len(fell.random)} draws): {far}."
    )
