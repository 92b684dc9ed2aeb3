"""What an explanation is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from headstart.backbones.base import Batch
from headstart.core.results import Figure, Figures
from headstart.explanations._aim import Aim
from headstart.explanations._known import Known
from headstart.explanations._parts import Parts
from headstart.explanations._unlearnt import Unlearnt
from headstart.model.network import Network


@dataclass(frozen=True)
class Asked:
    """One question: why does the network say this of that example?

    Attributes
    ----------
    network : in evaluation mode, its weights without gradients.
    example : tensors of ONE example, without the leading N, where the network is.
    aim : the output that is explained; its ``target`` is the place among the C outputs.
    parts : what of the example can be marked; None where nothing is known of its form.
    known : the training examples, where the model folder holds them.
    unlearnt : the copies of the network with shuffled weights, where several inputs share them.
    measured : the figures of the model on the examples that judged it, where they are known.
    """

    network: Network
    example: Batch
    aim: Aim
    parts: Parts | None = None
    known: Known | None = None
    unlearnt: Unlearnt | None = None
    measured: Figures | None = None

    @property
    def target(self) -> int:
        """The class index."""
        return self.aim.target

    @property
    def device(self) -> torch.device:
        """Where the network and the example are."""
        return next(iter(self.example.values())).device

    @property
    def batch(self) -> Batch:
        """The example as a batch of one."""
        return {name: tensor.unsqueeze(0) for name, tensor in self.example.items()}

    def of(self, network: Network) -> Asked:
        """The same question to another network."""
        return replace(self, network=network)


@dataclass(frozen=True)
class Question:
    """What one input asks, with the model's ``confidence`` in the label; ``original`` decodes the input in full."""

    asked: Asked
    confidence: float
    original: Callable[[], Any]


@dataclass(frozen=True)
class Neighbour:
    """A training example and how similar its features are, the cosine from -1 to 1."""

    label: str
    id: str
    similarity: float


@dataclass(frozen=True)
class Explained:
    """The answer: a ``map`` (H, W) over pixels or (L,) over tokens, positive where it speaks for the target, or
    ``neighbours``, nearest first. A map lies on the CPU and has no gradient.

    ``as_it_is`` : the map is shown place by place, where 1 is the most, and not in shares of its own strongest; what
    is outlined is shown beside it, for its lines would cover the places that matter.
    ``caption`` : what stands under a picture of it, where "what speaks for" the label would be wrong.
    """

    map: Tensor | None = None
    neighbours: tuple[Neighbour, ...] = ()
    as_it_is: bool = False
    caption: str = ""


class Point(NamedTuple):
    """How far the prediction fell without a share of the parts: the marked ones, and random ones on average."""

    removed: float
    marked: float
    random: float


@dataclass(frozen=True)
class Check:
    """What an explanation found about itself.

    ``value`` has a 95 % interval; ``passed`` is None where the example allows no judgement; ``summary`` is a
    sentence with the numbers in. An explanation with a check that ``decides`` and failed is not to be trusted.
    ``curve`` shows the same at growing shares, where it is about parts taken away.
    """

    name: str
    value: Figure
    passed: bool | None
    summary: str
    decides: bool = False
    curve: tuple[Point, ...] = ()
