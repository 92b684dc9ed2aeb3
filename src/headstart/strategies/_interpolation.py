"""Weights on the way from the pretrained ones to those a rung was tuned to, chosen on held-out examples (WiSE-FT)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from headstart.core.errors import UsageError
from headstart.frozen.inputs import Inputs
from headstart.model.network import Network
from headstart.strategies._solved_head import start_from_solved_head
from headstart.strategies.base import Climbed, Prepared
from headstart.tasks.base import Task
from headstart.training.loop import outputs_of
from headstart.training.old_task import OldTask
from headstart.training.workbench import TrainedPart, Workbench

SHARES = (0.75, 0.5, 0.25)
"""Shares of the way that are tried beside the whole of it: few, so that chance finds little to choose from."""

BACK = (0.75, 0.5, 0.35, 0.25, 0.15, 0.1, 0.05, 0.0)
"""Shares that are tried, the larger first, until an old task loses no more than it may; at 0 it loses nothing."""

State = Mapping[str, Tensor]
Climb = Callable[[Prepared, Workbench], Climbed]


@dataclass(frozen=True)
class Way:
    """The way of a network from its pretrained weights to the ``tuned`` ones, of all that differs between them.

    The network's ``requires_grad`` flags say what differs: what lies before is frozen, and is run once.
    """

    network: Network
    pretrained: State
    tuned: State

    @classmethod
    def of(cls, network: Network, pretrained: State) -> Way:
        """The way of `network`, which is tuned, from a whole state; plain copies of what moved are kept."""
        now = {name: value.detach() for name, value in network.state_dict().items()}
        moved = {name: v.clone() for name, v in now.items() if not torch.equal(v, pretrained[name].to(v))}
        for name, parameter in network.named_parameters():
            parameter.requires_grad_(name in moved)
        network.eval()
        return cls(network, {name: pretrained[name] for name in moved}, moved)

    def go(self, share: float) -> None:
        """Give the network the weights (1 - share) pretrained + share tuned; whole numbers stay the tuned ones.

        Wortsman et al. 2022, "Robust fine-tuning of zero-shot models" (arXiv:2109.01903), equation 2: a network tuned
        from a solved head lies in one basin with the pretrained one, and weights between them often do better than
        either.
        """
        state = self.network.state_dict()
        for name, value in self.tuned.items():
            between = value.is_floating_point()
            state[name].copy_(torch.lerp(self.pretrained[name].to(value), value, share) if between else value)


def part_of_the_way(train: Climb, prepared: Prepared, bench: Workbench, wanted: bool, start: State) -> Climbed:
    """The rung trained by `train`, and part of the way back from there to the pretrained weights.

    Parameters
    ----------
    wanted : whether the share that held-out examples prefer is looked for where none was decided before. What keeps
        an old task within its bound is looked for in any case.
    start : the state of the network before training, its names those of the trained one.
    """
    share, old = prepared.tuned_share, bench.old
    bounded = old is not None and old.bound is not None
    if wanted and not bounded and share is None and bench.validation is None and bench.compared is None:
        bench.say_once(f"  {prepared.rung.name}: nothing is held out that could choose weights part of the way back")
    wanted = wanted and share is None and bench.validation is not None
    if not bounded and not wanted and share in (None, 1):
        return train(prepared, bench)
    pretrained = pretrained_state(start, prepared.network.head, bench)
    climbed = train(prepared, bench)
    way = Way.of(climbed.network, pretrained)
    share = choose(way, bench) if wanted else 1.0 if share is None else share
    way.go(share)
    if wanted and share < 1:
        bench.progress.say(f"  {prepared.rung.name}: weights {share:.0%} of the way to the tuned ones are better")
    if old is not None and bounded:
        share = within_the_bound(way, share, old, prepared.rung.name, bench)
    return replace(climbed, tuned_share=share)


def within_the_bound(way: Way, share: float, old: OldTask, rung: str, bench: Workbench) -> float:
    """Move the network back to the largest share, none above `share`, at which the old task loses what it may."""
    for less in (share, *(each for each in BACK if each < share)):
        way.go(less)
        lost = old.lost(way.network.backbone, bench)
        if old.allows(lost):
            break
    if less < share:
        bench.progress.say(f"  {rung}: weights {less:.0%} of the way to the tuned ones keep the old task")
    return less


def pretrained_state(start: State, head: nn.Module, bench: Workbench) -> State:
    """The pretrained backbone's state under the head that was solved on its features.

    Where the rung starts from there, that is its start; where an earlier rung has tuned it, it is not, and a linear
    `head` is solved for it. A bench that knows no pretrained backbone takes the start for it.
    """
    if bench.pretrained is None:
        return {name: value.detach().clone() for name, value in start.items()}
    backbone = {f"backbone.{name}": value for name, value in bench.pretrained.state_dict().items()}
    under = {name: value.detach().clone() for name, value in start.items() if name not in backbone}
    untouched = all(torch.equal(start[name], value.to(start[name])) for name, value in backbone.items())
    if not untouched and type(head) is nn.Linear:
        network = Network(bench.pretrained, bench.task.head(bench.pretrained.feature_size))
        start_from_solved_head(network, bench)
        under = {f"head.{name}": value for name, value in network.head.state_dict().items()}
    return {**backbone, **under}


def choose(way: Way, bench: Workbench) -> float:
    """The best share of the way of a network, which is tuned.

    The one with the least calibrated loss on the held-out examples, among those that are no worse than what was tuned
    by the watched figure. The loss tells shares apart that the figure cannot: it is smooth along the way, where of a
    few hundred examples one or two change sides. A tie stays with what was tuned, and nothing is tried that the time
    does not allow.
    """
    began = bench.stopwatch.total
    whole = best = _judged(way.network, bench)
    took, chosen = bench.stopwatch.total - began, 1.0
    for share in SHARES:
        if bench.stopwatch.total + took > bench.last_rung_ends:
            bench.progress.say("  the time is up before all weights part of the way back were tried")
            break
        way.go(share)
        judged = _judged(way.network, bench)
        if judged.figure >= whole.figure and judged.loss < best.loss:
            chosen, best = share, judged
    return chosen


def check_wanted(wanted: bool, task: Task) -> None:
    """Whether looking for a share is possible at all: shares are told apart by the loss of calibrated outputs.

    Raises
    ------
    UsageError : it is `wanted`, and of outputs with places too little is kept for their loss.
    """
    if wanted and task.reads_maps:
        raise UsageError(
            f"interpolate=true compares losses on held-out examples, and for {task.name} only answers are kept: "
            "leave it out."
        )


def times_judged(wanted: bool, bench: Workbench) -> float:
    """How often looking for a share runs the held-out examples through the trained part; old ones count alike."""
    again = len(SHARES) + 1.0 if wanted else 0.0
    if bench.old is not None and bench.old.bound is not None and bench.validation:
        again += len(BACK) * len(bench.old.inputs) / len(bench.validation)
    return again


class Judged(NamedTuple):
    """The watched figure on the held-out examples, larger is better, and the loss of calibrated outputs."""

    figure: float
    loss: float


def _judged(network: Network, bench: Workbench) -> Judged:
    task, (inputs, encoded) = bench.task, _held_out(bench)
    outputs = _outputs(network, bench, inputs)
    sign = 1 if task.higher_is_better[task.watched] else -1
    calibrated = task.calibrated(outputs, task.calibrate(outputs, encoded))
    return Judged(sign * task.value(task.watched, outputs, encoded), float(task.loss(calibrated, encoded)))


def _held_out(bench: Workbench) -> tuple[Inputs, Tensor]:
    if bench.validation is None or bench.validation_targets is None:
        raise ValueError("a share is chosen on held-out examples, and there are none on this bench")
    return bench.validation, bench.validation_targets


def _outputs(network: Network, bench: Workbench, inputs: Inputs) -> Tensor:
    """Outputs (N, C) for `inputs`, from the frontier on."""
    part = bench.frozen_part(network)
    with bench.stopwatch.lap("train"):
        return outputs_of(TrainedPart(network.eval(), part.frontier), part.over(inputs), bench.device)
