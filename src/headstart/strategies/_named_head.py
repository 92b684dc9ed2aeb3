"""Heads made from the names of classes: their directions, once for a backbone and its prompts."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import nn

from headstart.backbones.base import Backbone, Named
from headstart.core.errors import UsageError
from headstart.core.names import Name
from headstart.model.heads import DirectionHead
from headstart.model.network import Network, set_linear
from headstart.tasks.base import Task
from headstart.training.workbench import Workbench

NEEDS_WORDS = (
    "It needs classes whose names mean something (or --labels FILE that says what they mean) and a backbone that "
    "knows words: a sentence encoder, or CLIP or SigLIP for pictures."
)


def means_something(backbone: Backbone, task: Task) -> bool:
    """Whether the names of the classes mean something to this backbone."""
    return bool(backbone.prompts) and task.named() is not None


def gives_directions(backbone: Backbone, task: Task) -> bool:
    """Whether it makes a direction among its features of each of those names."""
    return means_something(backbone, task) and backbone.names_are_directions


def told(backbone: Backbone, names: Sequence[Name] | None, prompts: Sequence[str] = ()) -> Named:
    """What `backbone` makes of the names.

    Raises
    ------
    UsageError : it knows no words, or the classes have no names; says what would help.
    """
    named = backbone.named(names, prompts) if names else None
    if named is None:
        why = "has learnt no words" if names else "could read names, but these classes are numbers or codes"
        raise UsageError(
            f"The backbone {backbone.card.name} {why}. "
            + (
                "For texts take a sentence encoder (bundled/all-minilm-l6-v2), for pictures a CLIP or SigLIP model "
                "(--backbone, a folder)."
                if names
                else "Say what they mean, with --labels FILE of names and descriptions."
            )
        )
    return named


def told_once(start: Network, bench: Workbench, prompts: Sequence[str] = ()) -> Named:
    """What a frozen copy of the backbone of `start` makes of the names of the task's classes.

    Names are read once for all rungs and folds that start from one backbone: with many prompts that takes long.

    Raises
    ------
    UsageError : as for :func:`told`.
    """
    known = start.backbone, tuple(bench.task.named() or ()), tuple(prompts)
    if known not in bench.told:
        backbone = copy.deepcopy(start.backbone).requires_grad_(False).eval()
        bench.told[known] = told(backbone, known[1], prompts)
    named = bench.told[known]
    return replace(named, backbone=copy.deepcopy(named.backbone))


def named_network(named: Named) -> Network:
    """The backbone under the names alone: nothing is learnt from any example."""
    count, width = named.directions.shape
    head: nn.Linear = DirectionHead(width, count) if named.cosine else nn.Linear(width, count)
    set_linear(head, named.scale * named.directions, torch.zeros(count))
    network = Network(named.backbone, head)
    network.head_is_new = False
    return network
