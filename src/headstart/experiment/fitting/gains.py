"""What transfer gave: the finished model against models without pretraining, on the examples that judge it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from headstart.backbones.base import Backbone
from headstart.core.errors import HeadstartError
from headstart.core.files import digest, write_json
from headstart.core.results import Gain
from headstart.core.timing import say_duration
from headstart.experiment.choosing import choose_strategies
from headstart.experiment.fitting.contest import Contest
from headstart.experiment.fitting.how_many import MOST, HowMany
from headstart.ladder.ladder import Ladder
from headstart.model.network import new_network
from headstart.strategies._baselines import (
    from_scratch,
    majority,
    pretrained,
    random_weights,
    shallow,
    shallow_seconds,
)
from headstart.strategies._kept_outputs import keep_outputs, outputs_before
from headstart.strategies.base import Rung, Strategy
from headstart.training.workbench import Workbench

FOR_SHALLOW = 0.03
"""Share of the budget that comparing with shallow features may take."""

OF_WHAT_IS_LEFT = 0.5
"""Share of what is left of the budget that a comparison may take: some is needed to write the model."""

RANDOM = "the same network with random weights"

BASELINES = "3"
"""To be changed with what a baseline computes: outputs kept by another are then computed anew."""


def gains_of(contest: Contest, backbone: Backbone, prove: bool) -> dict[str, Gain]:
    """The gains over the commonest answer, shallow features and random weights; nothing is decided by them.

    Random weights get few examples (:mod:`headstart.experiment.fitting.how_many`), so the gain over them is that of
    a head on the pretrained network which learnt from the same few: else what more examples give would be taken for
    what transfer gave. What would take too long is left out, and that is said; with `prove` nothing is. A fit that is
    killed and resumed compares with the same.
    There are none where heads read maps, for the others answer once for a whole input.
    """
    if contest.bench.task.reads_maps:
        return {}
    gains: dict[str, Gain | None] = {
        "majority": contest.against(majority(contest.bench, contest.inputs)),
        "shallow": _over_shallow(contest, prove),
        "random_weights": _over_random_weights(contest, backbone, prove),
    }
    return {name: gain for name, gain in gains.items() if gain is not None}


def gain_over_scratch(
    contest: Contest, compared: Workbench, backbone: Backbone, asked: str | Strategy | None
) -> dict[str, Gain]:
    """The gain over the same network trained from random weights, which gets the whole budget once more.

    Parameters
    ----------
    compared : the bench with its held-out examples, by which the best epoch is found.
    asked : the strategy that was asked for: its recipe is taken, or else that of the cheapest one that trains.
    """
    strategy, rung = _that_trains(asked, backbone, compared)
    told = f"{type(strategy).__name__} {sorted(vars(strategy).items())} {rung} {compared.deadline}"
    each = _Baseline(
        "training from random weights",
        contest,
        f"{told} {_network(backbone)}",
        lambda: 0.0,
        lambda: from_scratch(compared, backbone, strategy, rung, contest.inputs, compared.deadline),
    )
    if each.kept() is None:
        limit = say_duration(compared.deadline)
        compared.progress.say(f"  training the same network from random weights, for {limit} at most")
    gain = _measured(each, float("inf"))
    return {} if gain is None else {"from_scratch": gain}


def _that_trains(asked: str | Strategy | None, backbone: Backbone, bench: Workbench) -> tuple[Strategy, Rung]:
    start = new_network(backbone, bench.task)
    rungs = [pair for each in (asked, None) for pair in Ladder(choose_strategies(each), bench).rungs(start)]
    return next((strategy, rung) for strategy, rung in rungs if rung.reach > 0)


def _over_shallow(contest: Contest, prove: bool) -> Gain | None:
    bench = contest.bench
    each = _Baseline(
        "a linear model on shallow features",
        contest,
        "",
        lambda: shallow_seconds(bench, *contest.shallow),
        lambda: shallow(bench, *contest.shallow),
        "; --prove takes the time",
    )
    return _measured(each, float("inf") if prove else min(FOR_SHALLOW * bench.deadline, _left(bench)))


def _over_random_weights(contest: Contest, backbone: Backbone, prove: bool) -> Gain | None:
    bench = contest.bench
    sized = HowMany(
        contest,
        backbone,
        _random_weights(contest, backbone).file,
        lambda number: _random_weights(contest.among(number, number), backbone).kept() is not None,
    )
    number = sized.number(_left(bench), prove)
    if not number:
        bench.progress.say(f"  {RANDOM} is not compared with: {sized.reason()}; --prove takes the time")
        return None
    few = contest.among(number, number)
    outputs = _outputs(_random_weights(few, backbone, number), float("inf"))
    return None if outputs is None else few.against(outputs, pretrained(few.bench, backbone, few.inputs))


def _random_weights(few: Contest, backbone: Backbone, number: int = MOST) -> _Baseline:
    """On as many examples as `few` has, all of them or some."""
    return _Baseline(
        RANDOM,
        few,
        _network(backbone),
        lambda: 0.0,
        lambda: random_weights(few.bench, backbone, few.inputs, trial=number == MOST),
    )


def _left(bench: Workbench) -> float:
    """Seconds of the budget that may still be used."""
    return OF_WHAT_IS_LEFT * max(0.0, bench.deadline - bench.stopwatch.total)


def _network(backbone: Backbone) -> str:
    """What random weights depend on: the architecture, and what it is given."""
    return json.dumps([backbone.card.name, backbone.describe(), backbone.preprocess.describe()], default=str)


@dataclass(frozen=True)
class _Baseline:
    """A model without pretraining: its outputs, and the seconds that they will take.

    ``of`` is what the outputs depend on besides the examples, the task and the seed; ``instead`` what may be done
    where it is left out.
    """

    name: str
    contest: Contest
    of: str
    seconds: Callable[[], float]
    outputs: Callable[[], Tensor]
    instead: str = ""

    def kept(self) -> Tensor | None:
        """Outputs that an earlier fit, or this one before it was killed, has kept."""
        return outputs_before(self.contest.bench.kept, self.file)

    def keep(self, outputs: Tensor) -> Tensor:
        """Keep `outputs` for the next fit, and return them."""
        keep_outputs(self.contest.bench.kept, self.file, outputs)
        return outputs

    def within(self, allowed: float) -> bool:
        """Whether it is worth its time; a file remembers that for a fit that is killed and resumed."""
        bench = self.contest.bench
        decided = bench.folder / f"{digest(self.name)}.json"
        if not decided.exists():
            write_json(decided, {"name": self.name, "seconds": self._predicted(), "allowed": allowed})
        said = json.loads(decided.read_text(encoding="utf-8"))
        if said["allowed"] is None or said["seconds"] <= said["allowed"]:
            return True
        bench.progress.say(
            f"  {self.name} is not compared with: it would take about {say_duration(said['seconds'])}{self.instead}"
        )
        return False

    def _predicted(self) -> float:
        """The seconds, as an earlier fit has predicted them, for a fit that reads all from the store is over soon."""
        kept, name = self.contest.bench.kept, digest("seconds", self.file)
        if (before := kept.read(name)) is not None:
            return float(json.loads(before))
        seconds = self.seconds()
        kept.keep(name, json.dumps(seconds).encode())
        return seconds

    @property
    def file(self) -> str:
        """What its outputs are kept as: a digest of all that they follow from."""
        bench = self.contest.bench
        learnt, judged = bench.train.digest, digest(*self.contest.inputs.keys)
        task = bench.task.digest(bench.targets)
        return digest("baseline", BASELINES, self.name, self.of, task, str(bench.seed), learnt, judged)


def _measured(each: _Baseline, allowed: float) -> Gain | None:
    """The gain over a baseline; None where there is none to be had."""
    outputs = _outputs(each, allowed)
    return None if outputs is None else each.contest.against(outputs)


def _outputs(each: _Baseline, allowed: float) -> Tensor | None:
    """The outputs of a baseline; None where they take too long, or cannot be had of such inputs."""
    outputs = each.kept()
    try:
        if outputs is None and each.within(allowed):
            outputs = each.keep(each.outputs())
    except HeadstartError as error:
        each.contest.bench.progress.say(f"  {each.name} is not compared with: {error}")
    return outputs
