"""Further labels for a finished model, from their names alone: its head gets a row for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from headstart.backbones.base import Named
from headstart.core.errors import UsageError
from headstart.core.names import Name
from headstart.delivery.provenance import PROMPTS
from headstart.model.heads import DirectionHead
from headstart.model.network import Network, set_linear

if TYPE_CHECKING:
    from headstart.delivery.artifact import Model


def with_labels(model: Model, names: Sequence[Name]) -> Model:
    """`model` with the labels of `names` that it has not yet; its guard keeps what is familiar, but no sets.

    A row of a head on directions is the direction of its class times a scale; a new row is the direction of the new
    name times the mean scale of those there. So old labels are compared with each other as before.

    Raises
    ------
    UsageError : the backbone knows no words, or the head was not made on directions.
    """
    new = [name for name in names if name.label not in map(model.task.say, model.labels)]
    if not new:
        return model
    model.network.cpu()  # where directions of names lie, whatever device it was used on
    named, head = _told(model, new), model.network.head
    task = model.task.with_more_names(new)
    if named.cosine and isinstance(head, DirectionHead):
        scale = head.weight.norm(dim=1).mean()
        weight = torch.cat([head.weight, scale * named.directions])
        # A bias says how common a class was: a new one is taken to be as common as the others are on average.
        bias = torch.cat([head.bias, head.bias.mean().expand(len(new))])
        network = _network(model.network, DirectionHead(weight.shape[1], len(weight)), weight, bias)
    elif not named.cosine and _names_alone(head):
        everyone = [*(model.task.named() or []), *new]
        network = Network(_told(model, everyone).backbone, nn.Linear(len(everyone), len(everyone)))
        set_linear(network.head, torch.eye(len(everyone)), torch.zeros(len(everyone)))
        return replace(model, network=network.requires_grad_(False).eval(), task=task, guard=None)
    else:
        raise UsageError(_why_not(model))
    guard = model.guard and replace(model.guard, scores=model.guard.scores[:0], confidence=model.guard.confidence[:0])
    return replace(model, network=network, task=task, guard=guard)


def _names_alone(head: nn.Module) -> bool:
    """Whether a linear head hands on what it is given, one output a name."""
    if not isinstance(head, nn.Linear) or head.in_features != head.out_features:
        return False
    return bool((head.weight == torch.eye(head.in_features)).all() and (head.bias == 0).all())


def _network(old: Network, head: nn.Linear, weight: Tensor, bias: Tensor) -> Network:
    """The same backbone under `head`."""
    set_linear(head, weight.detach(), bias.detach())
    network = Network(old.backbone, head, old.depths).requires_grad_(False).eval()
    network.head_is_new = False
    return network


def _told(model: Model, names: Sequence[Name]) -> Named:
    prompts = model.provenance.get(PROMPTS) or ()
    named = model.network.backbone.named(names, prompts)
    if named is None:
        raise UsageError(
            "Labels cannot be added to this model without training: its backbone, "
            f"{model.network.backbone.card.name}, knows no words. A sentence encoder, or a CLIP or SigLIP model for "
            "pictures, does; or fit with examples of the new classes."
        )
    return named


def _why_not(model: Model) -> str:
    return (
        f"Labels cannot be added to this model without training: {model.result.chosen or 'its head'} learnt from "
        "examples what tells its own classes apart, and a name has no place in that. A model made by `--strategy "
        "zero_shot` or `prototypes` takes further labels; or fit with examples of the new classes."
    )
