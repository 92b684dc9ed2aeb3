"""The contract of an adaptation: a model and new inputs in, the model for the new inputs out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from headstart.frozen.inputs import Inputs
from headstart.model.network import Network, set_linear
from headstart.strategies._linear_head import fit_linear_head
from headstart.tasks.base import Task
from headstart.training.workbench import Workbench


@dataclass(frozen=True)
class Deep:
    """What it takes to change the backbone too.

    ``target`` are the new inputs; ``source`` and its ``encoded`` classes are examples with labels, None where nobody
    gave any. ``bench`` lays out a workbench that trains on some inputs with encoded targets, in a folder.
    """

    target: Inputs
    source: Inputs | None
    encoded: Tensor | None
    bench: Callable[[Inputs, Tensor, Path], Workbench]


@dataclass(frozen=True)
class Domains:
    """A model and two domains: the one it was made from, and a new one without labels.

    Attributes
    ----------
    task : whose labels are classes. network : the model's, which no adaptation changes.
    source : (n, D) features of training examples as the head reads them, and their ``classes`` (n,).
    target : (N, D) those of the new inputs. outputs : (N, C) what the network says of them.
    strength : the inverse penalty that the source's own head was best with.
    widths : how many of the D features are of each depth that the head reads, the last depth last; empty for one.
    rare : places of the classes that hardly any new input is taken for, by whatever does not make answers even.
    origins : (n,) which of several sources each source example is from.
    temperature : by which logits are divided to be honest probabilities, from the source.
    labelled : places among the new inputs whose class a person gave, and those ``classes_given``.
    deep : what it takes to train the backbone; None where only the stored features are to be used.
    shares : (C,) how common each class is in the old domain, where ``source`` may hold less of a common one; unless
        they are given, those among the source examples.
    """

    task: Task
    network: Network
    source: np.ndarray
    classes: np.ndarray
    origins: np.ndarray
    target: np.ndarray
    outputs: Tensor
    strength: float
    temperature: float = 1.0
    seed: int = 0
    labelled: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    classes_given: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    deep: Deep | None = None
    widths: tuple[int, ...] = ()
    rare: tuple[int, ...] = ()
    shares: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        if not len(self.shares):
            object.__setattr__(self, "shares", self._shares_here())

    def _shares_here(self) -> np.ndarray:
        """(C,) how common each class is among the source examples."""
        return np.bincount(self.classes, minlength=self.task.outputs) / max(len(self.classes), 1)

    def weights(self) -> np.ndarray:
        """(n,) of mean 1, with which the source examples hold each class as often as the old domain does."""
        weights = (self.shares / np.maximum(self._shares_here(), 1e-12))[self.classes]
        return np.asarray(weights / weights.mean())

    def depths(self) -> list[slice]:
        """Where the features of each depth lie among the D."""
        ends = np.cumsum(self.widths or (self.source.shape[1],)).tolist()
        return [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]


@dataclass(frozen=True)
class Adapted:
    """A network for the new inputs.

    Attributes
    ----------
    network : it. target : (N, D) the features of the new inputs by it. outputs : (N, C) its answers.
    source : (n, D) the source examples brought to where the new inputs lie.
    note : what a person should know of how it was made, as it follows a semicolon; empty mostly.
    """

    network: Network
    target: np.ndarray
    outputs: Tensor
    source: np.ndarray
    note: str = ""


def uneven(domains: Domains) -> str:
    """Why nothing that makes answers even over the classes is tried, in words; empty where it can be."""
    return "it gives every class its share of the answers, and some hardly appear here" if domains.rare else ""


class Adaptation(ABC):
    """One way to adapt. File name = plug-in name; the constructor only stores, with a default for everything."""

    summary: ClassVar[str]
    """What it does, in a sentence without its first word's capital or a full stop."""

    depth: ClassVar[int]
    """How much it changes: the shallow are tried first. 1 moves features, 2 learns from its own answers, 3 trains."""

    trusted: ClassVar[bool] = False
    """Whether it may be kept without being named and without labels that could choose it."""

    needs_labels: ClassVar[bool] = False
    """Whether it has nothing to go by without a few labels of the new inputs; nobody is offered it unasked then."""

    settings: ClassVar[tuple[str, ...]] = ("",)
    """The settings, as a person writes them, with each of which it is tried where nobody names any."""

    @classmethod
    def every(cls) -> tuple[str, ...]:
        """The settings with each of which it is tried where everything is asked for."""
        return cls.settings

    def check(self) -> None:  # noqa: B027 - most have nothing to check
        """Raise UsageError for settings that cannot be, before anything is computed."""

    def missing(self, domains: Domains) -> str:
        """What it needs that is not there, in words; empty where it can be tried."""
        return ""

    def predicted_seconds(self, domains: Domains) -> float:
        """What it will take here, as a trial of its first steps tells; 0 where that is hardly worth a trial."""
        return 0.0

    @abstractmethod
    def adapt(self, domains: Domains) -> Adapted:
        """The network adapted; called only where nothing is :meth:`missing`."""


@dataclass(frozen=True)
class Lesson:
    """What a linear head is solved on: (n, D) ``features``, (n,) ``classes``, (n,) ``weights`` of mean 1."""

    features: np.ndarray
    classes: np.ndarray
    weights: np.ndarray


LABELLED_SHARE = 1 / 3
"""Of all weight, what labelled new inputs get together: they are few, and the only ones that are surely right."""


def taught(domains: Domains, lesson: Lesson) -> Lesson:
    """`lesson` with the labelled new inputs added, where there are any."""
    if not len(domains.labelled):
        return lesson
    own = lesson.weights / lesson.weights.sum() * (1 - LABELLED_SHARE)
    more = np.full(len(domains.labelled), LABELLED_SHARE / len(domains.labelled))
    weights = np.concatenate([own, more])
    return Lesson(
        np.concatenate([lesson.features, domains.target[domains.labelled]]),
        np.concatenate([lesson.classes, domains.classes_given]),
        weights / weights.mean(),
    )


def solved(domains: Domains, lesson: Lesson) -> tuple[Tensor, Tensor]:
    """Weight (C, D) and bias (C,) of the penalised linear head that the source's own solver gives for `lesson`, and
    for the labelled new inputs."""
    lesson = taught(domains, lesson)
    solution = fit_linear_head(
        domains.task,
        torch.from_numpy(np.ascontiguousarray(lesson.features, dtype=np.float32)),
        torch.from_numpy(lesson.classes.astype(np.int64)),
        torch.from_numpy(lesson.weights.astype(np.float32)),
        domains.seed,
        domains.strength,
    )
    return solution.weight, solution.bias


def with_head(domains: Domains, weight: Tensor, bias: Tensor, source: np.ndarray) -> Adapted:
    """The same backbone under another linear head, which reads the same depths of the new inputs as they are."""
    network = Network(domains.network.backbone, domains.task.head(weight.shape[1]), domains.network.depths)
    set_linear(network.head, weight, bias)
    network.head_is_new = False
    network.requires_grad_(False).eval()
    outputs = torch.from_numpy(domains.target) @ weight.T + bias
    return Adapted(network, domains.target, outputs, source)


def probabilities(outputs: Tensor, temperature: float) -> np.ndarray:
    """(N, C) softmax of the outputs over the temperature."""
    return (outputs.double() / temperature).softmax(dim=1).numpy()
