"""How many examples the comparison with random weights takes: all it may, or as many as there is time for."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from headstart.backbones.base import Backbone
from headstart.core.files import digest, write_json
from headstart.core.timing import say_duration
from headstart.experiment.fitting.contest import Contest, fewest_drawn
from headstart.strategies._random_weights import RandomWeightsCost, random_weights_cost

MOST = 500
"""So many examples are learnt from with random weights, and so many judged: each is run once more."""

AT_LEAST = 5.0
"""Seconds that these may take, however short the fit was."""

OF_THE_BUDGET, OF_THE_FIT = 0.05, 0.1
"""Nor may they take more than the smaller of these shares, of the budget and of the time so far."""

FOR_A_FEW, OF_A_SHORT_FIT, FOR_THE_FEWEST = 1.0, 0.04, 0.06
"""Where that is not enough for MOST, as many are taken as fit into so many seconds or the first share of the time so
far, and the fewest that say something where those fit into the second."""

FEWEST, OF_EACH = 16, 2
"""Fewer examples say nothing, nor do fewer of the rarest kind. Where half of the answers differ, as a pretrained
network's and a random one's do, 16 pairs tell a gain of 35 points from chance (1.96 √(q / n), q = 0.5), and on
pictures it is often more. A head needs two of a kind: one is left while its penalty is judged on the other."""


@dataclass(frozen=True)
class HowMany:
    """How many examples of `contest` are learnt from, and how many judged, with random weights: the same number.

    Attributes
    ----------
    key : names what is kept of it for the next fit on these examples.
    there : whether the outputs for so many were kept by an earlier fit, which cost nothing then.
    """

    contest: Contest
    backbone: Backbone
    key: str
    there: Callable[[int], bool]

    def number(self, left: float, prove: bool) -> int:
        """At most MOST, and nought where there is no time for enough; a resumed fit takes what it took before.

        Parameters
        ----------
        left : seconds of the budget that may still be used.
        prove : time does not count.
        """
        decided = self.contest.bench.folder / f"{self.key}.json"
        if not decided.exists():
            write_json(decided, {"examples": MOST if prove else self._chosen(left)})
        number = int(json.loads(decided.read_text(encoding="utf-8"))["examples"])
        self._keep("number", number)
        return number

    @property
    def fewest(self) -> int:
        """Below so many the comparison says nothing."""
        return min(MOST, max(FEWEST, fewest_drawn(self.contest.kinds, OF_EACH)))

    def reason(self) -> str:
        """Why none are taken."""
        return f"{self.fewest} examples alone would take about {say_duration(self._seconds(self.fewest))}"

    def _chosen(self, left: float) -> int:
        before = self._before()
        return before if before == MOST else max(before, self._affordable(left))

    def _before(self) -> int:
        """What an earlier fit took, if its outputs are still there."""
        number = int(self._kept("number") or 0)
        return number if number and self.there(number) else 0

    def _affordable(self, left: float) -> int:
        bench = self.contest.bench
        share = min(OF_THE_BUDGET * bench.deadline, OF_THE_FIT * bench.stopwatch.total)
        if self._seconds(MOST) <= min(max(AT_LEAST, share), left):
            return MOST
        fewest, total = self.fewest, bench.stopwatch.total
        if self._seconds(fewest) > min(max(FOR_A_FEW, FOR_THE_FEWEST * total), left):
            return 0
        allowed = min(max(FOR_A_FEW, OF_A_SHORT_FIT * total), left)
        return fewest + bisect_right(range(fewest + 1, MOST + 1), allowed, key=self._seconds)

    def _seconds(self, number: int) -> float:
        return self._cost.of(min(number, len(self.contest.bench.train)), min(number, len(self.contest.inputs)))

    @cached_property
    def _cost(self) -> RandomWeightsCost:
        """As an earlier fit has found it, for a fit that reads all from the store is over soon."""
        before = self._kept("seconds")
        cost = random_weights_cost(self.contest.bench, self.backbone, before)
        if before is None:
            self._keep("seconds", cost.each)
        return cost

    def _kept(self, what: str) -> float | None:
        before = self.contest.bench.kept.read(digest(what, self.key))
        return None if before is None else float(json.loads(before))

    def _keep(self, what: str, value: float) -> None:
        self.contest.bench.kept.keep(digest(what, self.key), json.dumps(value).encode())
