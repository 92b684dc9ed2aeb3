"""How candidates stand in a ranking: what the last probe of each found, who still runs, and by how much one leads."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor

from headstart.core.results import Figure
from headstart.core.statistics import Z_95
from headstart.experiment.selection.candidates import Candidate, LeftOut
from headstart.experiment.selection.probe import Probed
from headstart.ladder.comparison import Gain, HeldOut


@dataclass
class Standing:
    """How a candidate stands.

    Attributes
    ----------
    probed : its last probe. encoded : the targets of the examples it was made on, (n, …). score : the watched figure
        there, with its interval.
    seconds : that all its probes took. each : for one more example, 0 where its features were stored.
    out : why it is no longer in the running; empty while it is. unprobed : whether that is since its probe failed.
    """

    candidate: Candidate
    probed: Probed
    encoded: Tensor
    score: Figure
    seconds: float
    each: float
    out: str = ""
    unprobed: bool = False

    @property
    def examples(self) -> int:
        """How many examples its figure rests on."""
        return len(self.encoded)


@dataclass
class Race:
    """The standings of all that were probed, in the order of the static list.

    ``held_out`` compares those that are still in the running. ``left_out`` were never probed, ``slow`` are those of
    them that lacked time alone. ``settled`` says why it ended.
    """

    standings: list[Standing]
    held_out: HeldOut
    left_out: list[LeftOut] = field(default_factory=list)
    settled: str = ""
    slow: list[Candidate] = field(default_factory=list)

    @property
    def running(self) -> list[Standing]:
        """Those that may be picked, the best figure first."""
        running = [standing for standing in self.standings if not standing.out]
        return sorted(running, key=lambda standing: -self.held_out.value(standing.probed.outputs))

    def gain(self, better: Standing, than: Standing) -> Gain:
        """By how much one's figure is better than another's of the same round, positive for better."""
        return self.held_out.gain(better.probed.outputs, than.probed.outputs)

    def may_gain(self, better: Standing, than: Standing) -> float:
        """How much better it may be, in :meth:`scale`: where all answers are alike one example more might differ."""
        gain, scale = self.gain(better, than).figure, self.scale()
        return max(gain.high / scale, gain.value / scale + Z_95 / better.examples)

    def scale(self) -> float:
        """What differences are measured in: points of a proportion, or shares of an error."""
        if self.held_out.task.higher_is_better[self.held_out.task.watched]:
            return 1.0
        return abs(self.held_out.value(self.running[0].probed.outputs)) or 1.0
