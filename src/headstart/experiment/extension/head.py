"""The head of an extended model: solved on old and new examples together, bounded in what it forgets, and judged."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from headstart.core.errors import UsageError
from headstart.core.statistics import change_of_right
from headstart.data.checks import Checked
from headstart.delivery.artifact import Model
from headstart.delivery.guard import Compared, guard_of
from headstart.experiment.extension.evidence import Extended
from headstart.experiment.extension.forgetting import COUNTED, HeldBack, OnDemand, cross_settled
from headstart.experiment.extension.result import Extension, HeldOut, Unbounded, part, right
from headstart.experiment.replaying import Memory, Remembered
from headstart.model.network import Network, set_linear
from headstart.strategies._linear_head import Solution, fit_linear_head
from headstart.strategies._standardised import Standardised
from headstart.tasks.base import Task


@dataclass(frozen=True)
class Material:
    """New examples made ready: the ``task`` with their classes, those to learn from and those held out.

    ``known`` counts those that were left out since the model has met them; ``relabelled`` names those that it has met
    under another class.
    """

    task: Task
    checked: Checked
    learnt: Remembered
    held_out: Remembered
    known: int
    relabelled: list[str]


def solved(old: Model, memory: Memory, material: Material, seed: int, bound: float | None = None) -> Extended:
    """The network with its new head, its calibration and guard, and what was found.

    Parameters
    ----------
    bound : the share of the held-out old examples that may be lost, as measured; None for any, though old examples
        count more where more is lost than is not noticed.
    """
    held_out, task, every = memory.held_out, material.task, memory.learnt + material.learnt
    network = Network(copy.deepcopy(old.network.backbone), task.head(old.network.head_features), old.network.depths)
    network.requires_grad_(False).eval()
    judged = held_out + material.held_out
    truth = task.encode(list(judged.targets))
    held_back = HeldBack(old.task.outputs, share_right(old, held_out), bound)
    sides = np.array(["old"] * len(held_out) + ["new"] * len(material.held_out))
    solutions = _in_turn(_heads(task, every, network, old.task.outputs, seed), len(COUNTED))
    heads = _answers(solutions, judged.read_by(network), truth)
    if held_back.enough(heads[0].select(np.flatnonzero(sides == "old"))):
        heads = OnDemand(heads.__getitem__, 1)
    after = HeldOut(cross_settled(task, heads, sides, seed, held_back), truth)
    place, offset = held_back.settled(heads, sides, np.arange(len(judged)))
    solution = solutions[place]
    bias = solution.bias.clone()
    bias[old.task.outputs :] -= offset
    set_linear(network.head, solution.weight, bias)
    network.head_is_new = False
    outputs = judged.outputs(network)
    calibration = task.calibrate(outputs, truth)
    guard = guard_of(
        task, calibration, every.tensors(), every.ids, every.targets, judged.seen(outputs), Compared(outputs, truth),
        unseen=memory.unseen, depths=old.needed_guard.depths,
    )  # fmt: skip
    free = None
    unbound = replace(held_back, bound=None)
    if bound is not None and (place, offset) != unbound.settled(heads, sides, np.arange(len(judged))):
        settled = HeldOut(cross_settled(task, heads, sides, seed, unbound), truth)
        free = _unbounded(old, memory, task, (after, settled), seed)
    extension = replace(
        _judged(old, memory, material, after, seed), bound=bound, counted=COUNTED[place], held_back=offset, free=free
    )
    return Extended(
        network, task, calibration, guard, after, judged, every, material.checked, extension, material.relabelled
    )


def _in_turn(made: Iterator[Solution], count: int) -> OnDemand[Solution]:
    """`count` heads of which each is solved from the last one, and none before it is asked for."""
    known: list[Solution] = []

    def at(place: int) -> Solution:
        known.extend(itertools.islice(made, max(0, place + 1 - len(known))))
        return known[place]

    return OnDemand(at, count)


def _answers(solutions: OnDemand[Solution], features: Tensor, truth: Tensor) -> OnDemand[HeldOut]:
    """What each head says of held-out features (N, D)."""

    def at(place: int) -> HeldOut:
        return HeldOut(features @ solutions[place].weight.T + solutions[place].bias, truth)

    return OnDemand(at, len(solutions))


def _heads(task: Task, every: Remembered, network: Network, known: int, seed: int) -> Iterator[Solution]:
    """The head of these examples for each number of times that one of the first `known` classes may count.

    The penalty is found once, where all count alike.
    """
    encoded = task.encode(list(every.targets))
    weights, features = replay_weights(task, encoded), Standardised.of(every.read_by(network))
    found: Solution | None = None
    for times in COUNTED:
        counted = weights * torch.where(encoded < known, times, 1.0)
        counted, strength = counted / counted.mean(), found.strength if found else None
        found = fit_linear_head(task, features, encoded, counted, seed, strength, found)
        yield found


def _unbounded(
    old: Model, memory: Memory, task: Task, judged: tuple[HeldOut, HeldOut], seed: int
) -> Unbounded | None:
    """What new classes pay for the bound: held-out examples `judged` with it and without; None without new ones."""
    added = np.flatnonzero((judged[0].encoded >= old.task.outputs).numpy())
    with_bound, without = (each.select(added) for each in judged)
    new = part(task, without)
    if new is None:
        return None
    same = judged[1].select(np.arange(len(memory.held_out)))
    before = right(old.task, _before(old, memory.held_out))
    cost = change_of_right(right(task, without), right(task, with_bound), seed)
    return Unbounded(new, cost, change_of_right(before, right(task, same), seed))


def share_right(old: Model, held_out: Remembered) -> float:
    """Of the held-out examples, how many the old model has right."""
    return float(right(old.task, _before(old, held_out)).mean()) if len(held_out) else 0.0


def _before(old: Model, held_out: Remembered) -> HeldOut:
    """The held-out examples as the old model judges them."""
    outputs = old.task.calibrated(held_out.outputs(old.network), old.calibration)
    return HeldOut(outputs, old.task.encode(list(held_out.targets)))


def _judged(old: Model, memory: Memory, material: Material, after: HeldOut, seed: int) -> Extension:
    task, before = material.task, _before(old, memory.held_out)
    place, is_added = np.arange(len(after)), (after.encoded >= old.task.outputs).numpy()
    is_new = place >= len(memory.held_out)
    same = after.select(np.flatnonzero(~is_new))
    parts = part(old.task, before), part(task, same), part(task, after)
    if parts[0] is None or parts[1] is None or parts[2] is None:
        raise UsageError(
            "This model's guard keeps no held-out examples by which old classes could be judged; fit it anew."
        )
    return Extension(
        before=parts[0],
        after=parts[1],
        taken_for_new=int((same.outputs.argmax(dim=1) >= old.task.outputs).sum()),
        change=change_of_right(right(old.task, before), right(task, same), seed),
        unseen=memory.unseen,
        new=part(task, after.select(np.flatnonzero(is_new & is_added))),
        more=part(task, after.select(np.flatnonzero(is_new & ~is_added))),
        both=parts[2],
        added=labels_of(task)[old.task.outputs :],
        learnt_old=len(memory.learnt),
        learnt_new=len(material.learnt),
        kept_of=memory.drawn_from,
        known=material.known,
        tuned=is_tuned(old),
    )


def replay_weights(task: Task, encoded: Tensor) -> Tensor:
    """(N,), mean 1: with them the N examples stand for all that the task was learnt from, balanced as it has it.

    Of a common class only some examples may have been kept, of a rare one all: each stands for N_c / n_c.
    """
    counts = torch.tensor(task.describe()["counts"])
    every = torch.repeat_interleave(torch.arange(task.outputs), counts)
    wanted = torch.zeros(task.outputs).index_add_(0, every, task.balance(every).float())
    weights = (wanted / torch.bincount(encoded, minlength=task.outputs).clamp(min=1))[encoded]
    return weights / weights.mean()


def is_tuned(model: Model) -> bool:
    """Whether the backbone of `model` was trained on its classes, at once or before it was extended."""
    kept = next((rung for rung in model.result.rungs if rung.kept), None)
    return bool(kept and kept.curve) or bool((model.result.extension or {}).get("tuned"))


def labels_of(task: Task) -> list[Any]:
    """The classes of a task, in the order of its outputs."""
    return list(task.describe()["labels"])
