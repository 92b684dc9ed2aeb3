"""What a pretraining gave, whatever it learnt from, and what is said of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from headstart.backbones.base import Backbone
from headstart.core.counts import say_count
from headstart.core.results import Figure, TaskGain
from headstart.delivery.writing import figure_difference, figure_interval, figure_name, figure_value
from headstart.experiment.pretraining.probe import Probed

RESULT = "pretraining.json"


@dataclass(frozen=True, kw_only=True)
class Pretrained(ABC):
    """What a pretraining gave.

    Attributes
    ----------
    backbone : the folder. student : the network as it began, and whether with random weights.
    licence : of the weights that it learnt from. source : the name of the data.
    labelled : whether targets were learnt.
    losses : of each epoch. looks : [epoch, watched figure].
    """

    backbone: str
    student: str
    random_weights: bool
    method: str
    licence: str
    source: str
    labelled: bool = False
    epochs: int
    stopped_because: str
    seconds: float
    losses: list[float]
    looks: list[tuple[int, float]]
    probe: Probed | None

    @property
    @abstractmethod
    def pretraining(self) -> str:
        """How it came by its weights, in a line."""

    @property
    @abstractmethod
    def learnt(self) -> str:
        """What it learnt from, as a line."""

    @property
    def went_on(self) -> str:
        """``timm/resnet18, then `` where the student had weights of its own; else nothing."""
        return "" if self.random_weights else f"{self.student}, then "

    @property
    def with_labels(self) -> str:
        """Whether targets were learnt, for the card of the folder."""
        return ", with their labels" if self.labelled else ", without labels"

    @property
    def told(self) -> list[str]:
        """What it reached, as sentences."""
        return [said_probe(self.probe), said_gain(self.probe)] if self.probe else []

    def to_json(self) -> dict[str, Any]:
        """The published object of ``pretrain --json``, and ``pretraining.json`` in the folder."""
        return {**vars(self), "probe": self.probe.to_json() if self.probe else None}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """The inverse of :meth:`to_json`."""
        probe = Probed.from_json(plain["probe"]) if plain["probe"] else None
        looks = [(int(epoch), float(value)) for epoch, value in plain["looks"]]
        return cls(**{**plain, "looks": looks, "probe": probe})


def card_of(result: Pretrained, student: Backbone, noun: str, facts: Iterable[str]) -> str:
    """The card of the folder, for a person: licence, what the `student` is for, the `facts` and what it reached.

    Parameters
    ----------
    noun : what it reads, as a person calls it.
    """
    weights = say_count(sum(parameter.numel() for parameter in student.parameters()))
    lines = [
        f"licence: {result.licence}",
        "",
        f"# {Path(result.backbone).name}",
        "",
        f"A backbone for {noun} with {weights} parameters, made by `headstart pretrain`; for `headstart fit`.",
        "",
        *(f"- {fact}" for fact in [*facts, *result.told]),
        "",
    ]
    return "\n".join(lines)


def said_probe(probe: Probed) -> str:
    """What the probe says before and after, and of the teacher if there is one; and where it says nothing gained."""
    before, after = _said(probe, probe.before), _said(probe, probe.after)
    way = f", {probe.share:.0%} of the way" if probe.share is not None else ""
    teacher = f"; the teacher reaches {_said(probe, probe.teacher)}{way}" if probe.teacher else ""
    doubt = "" if probe.gain.low > 0 else _doubt(probe.gain)
    return (
        f"Probe: {figure_name(probe.figure)} of linear heads on {probe.examples:,} labelled examples, each judged by "
        f"one that has not seen it: {before} before, {after} after{teacher}.{doubt}"
    )


def said_gain(probe: Probed) -> str:
    """``Gain: +3.1 points (+1.2 to +5.0), example by example.``"""
    gained = TaskGain("", "", probe.figure, together=probe.after, alone=probe.before, gain=probe.gain)
    return f"Gain: {figure_difference(gained, probe.higher_is_better)}, example by example."


def _said(probe: Probed, figure: Figure) -> str:
    higher = probe.higher_is_better
    return f"{figure_value(probe.figure, figure, higher)} ({figure_interval(probe.figure, figure, higher)})"


def _doubt(gain: Figure) -> str:
    """That it did not help, or may not have; the interval of `gain` does not lie above 0."""
    if gain.value <= 0:
        return " It did not help: what it began with is at least as good on these."
    return " The gain may be chance."
