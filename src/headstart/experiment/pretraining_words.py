"""How much better a network is for its pretraining, as a sentence."""

from __future__ import annotations

from headstart.core.results import TaskGain
from headstart.delivery.writing import figure_difference
from headstart.experiment.pretraining_probe import Probed


def said_gain(probe: Probed) -> str:
    """``Gain: +3.1 points (+1.2 to +5.0), example by example.``"""
    gained = TaskGain("", "", probe.figure, together=probe.after, alone=probe.before, gain=probe.gain)
    return f"Gain: {figure_difference(gained, probe.higher_is_better)}, example by example."
