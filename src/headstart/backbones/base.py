"""The contracts of a backbone, of its preprocessing, and of a source that backbones come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from headstart.backbones._card import Card
from headstart.backbones._source import Source
from headstart.backbones._words import Named, spelled
from headstart.core.detector import Detector
from headstart.core.errors import UsageError
from headstart.core.maps import Map
from headstart.core.names import Name
from headstart.core.placement import WHOLE, Placement

__all__ = [
    "Backbone",
    "Batch",
    "Card",
    "LayerRun",
    "Map",
    "Name",
    "Named",
    "Placement",
    "Preprocess",
    "Source",
    "Stage",
    "collate",
    "spelled",
]

Batch = dict[str, Tensor]
"""Named tensors with the examples along dimension 0, e.g. ``{"pixels": (N, 3, 224, 224)}``."""


@dataclass(frozen=True)
class Stage:
    """A run of consecutive layers: the full names of its parameters and buffers."""

    name: str
    parameters: tuple[str, ...]
    buffers: tuple[str, ...] = ()


class Preprocess(ABC):
    """Turns one raw input into the tensors a backbone takes. The same object serves training and use."""

    views: int = 1
    """How many different views :meth:`__call__` can give; 1 means augmentation has no meaning here."""

    lengths_differ: bool = False
    """Whether one input's tensors may be longer than another's, as texts are."""

    size_hint: int | None = None
    """The shorter side in pixels that is needed of an input, for reduced decoding."""

    stack: int | None = None
    """How many neighbouring slices of a volume are the channels of an input; None for what is no stack."""

    @abstractmethod
    def __call__(self, raw: Any, view: int = 0, key: str = "") -> Batch:
        """Tensors of ONE example, without the leading N.

        ``view`` 0 is the plain view; ``view`` ≥ 1 an augmented one, a pure function of (raw, view, key).
        Shapes come from few sizes (text: padded to a multiple of 8), so equal shapes can be stacked.
        """

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """JSON of everything that the tensors depend on; part of the store's key and of ``model.json``."""

    def placement(self, view: int, key: str = "") -> Placement:
        """Which part of the input `view` shows, where :meth:`Backbone.framed` asked for the whole of it."""
        return WHOLE


def collate(examples: Sequence[Batch]) -> Batch:
    """Stack examples along a new first dimension; where sizes differ, pad the first dimension with zeros."""
    batch: Batch = {}
    for name in examples[0]:
        tensors = [example[name] for example in examples]
        longest = max((t.shape[0] for t in tensors if t.dim()), default=0)
        if any(t.dim() and t.shape[0] != longest for t in tensors):
            tensors = [torch.cat([t, t.new_zeros((longest - t.shape[0], *t.shape[1:]))]) for t in tensors]
        batch[name] = torch.stack(tensors)
    return batch


@dataclass(frozen=True)
class LayerRun:
    """Layers that run one after another inside a forward that no tracer can follow.

    ``container`` holds them (``owner.attribute`` is an ``nn.ModuleList``); the first argument or the keyword
    ``argument`` of each is the activation handed on, (N, L, D).
    """

    owner: nn.Module
    attribute: str
    argument: str = "hidden_states"


class Backbone(nn.Module, ABC):
    """A pretrained network without its head, as an ordered list of stages."""

    card: Card
    preprocess: Preprocess
    feature_size: int
    """D of :meth:`features`."""
    learning_rate: float = 1e-4
    """AdamW's peak rate at which this kind of network is usually fine-tuned."""
    thaws_gradually: bool = False
    """Whether it is tuned stage by stage where all of it is tuned, lest it forget at once what it has learnt."""
    prompts: tuple[str, ...] = ()
    """Templates with ``{}`` for the name of a class, an ensemble; empty where the backbone knows no words."""
    names_are_directions: bool = True
    """Whether it makes directions of names, whose cosines with features tell; False where each feature is the answer
    about a name already."""
    read_classifier: Callable[[], tuple[Tensor, Tensor] | None] | None = None
    """Reads the classifier of its pretraining: weight (Z, D) and bias (Z,), linear on :meth:`features`. None where
    there is none, or none that is linear on them."""

    detector: Detector | None = None
    """The head that it was pretrained with to find boxes, or masks of objects; None where there is no such head."""

    @abstractmethod
    def stages(self) -> list[Stage]:
        """Input to output; together they hold every parameter and buffer exactly once.

        Normalisation statistics belong to their layer's stage; a class token or position embedding to the
        first stage that uses it.
        """

    @abstractmethod
    def features(self, batch: Batch) -> Tensor:
        """Pooled features (N, D)."""

    def forward(self, batch: Batch) -> Tensor:
        return self.features(batch)

    @abstractmethod
    def depth_features(self, batch: Batch) -> dict[str, Tensor]:
        """Pooled activations (N, D_s) after several stages, by stage name; the last is :meth:`features`."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """JSON from which the source's ``rebuild`` makes the same architecture, without weights."""

    def about(self, names: Sequence[Name]) -> Backbone:
        """The backbone that reads inputs in the light of these names; itself, where they change nothing.

        Raises
        ------
        UsageError : it can do nothing without names, and there are none.
        """
        return self

    def named(self, names: Sequence[Name], prompts: Sequence[str] = ()) -> Named | None:
        """What tells `names` apart in the space of the features, from their words; None where it knows no words.

        Parameters
        ----------
        prompts : other templates than :attr:`prompts`.
        """
        return None

    def framed(self, frame: tuple[int, int]) -> Backbone:
        """The backbone that takes the whole of every input, brought to `frame` (width, height) in pixels.

        Raises
        ------
        UsageError : it takes no pictures of any size.
        """
        raise UsageError(no_maps(self))

    def stacked(self, slices: int) -> Backbone:
        """The backbone that takes stacks of so many slices, its first layer folded to them.

        Raises
        ------
        UsageError : it cannot be folded.
        """
        raise UsageError(f"{self.card.name} takes no stacks of slices; take another network for images.")

    def offered_maps(self) -> list[Map]:
        """The maps it can give, from fine to coarse, one of each stride.

        Raises
        ------
        UsageError : it gives none.
        """
        raise UsageError(no_maps(self))

    def maps(self, batch: Batch, names: Sequence[str]) -> Batch:
        """The maps `names` of :meth:`offered_maps`, (N, C, h, w) each, by name."""
        raise UsageError(no_maps(self))

    def unframed_maps(self) -> list[Map]:
        """The maps that it gives of what its preprocessing gives, without being :meth:`framed`; none for most."""
        return []

    def features_and_maps(self, batch: Batch, names: Sequence[str]) -> tuple[Tensor, Batch]:
        """The features and the maps `names` of :meth:`unframed_maps`, of one forward."""
        raise UsageError(no_maps(self))

    def save_assets(self, folder: Path) -> None:
        """Write what a rebuilt backbone needs besides weights (a tokenizer); nothing for most."""
        return

    def layer_run(self) -> LayerRun | None:
        """Where the forward can be cut when ``torch.fx`` cannot trace it; None: it can be traced.

        With a run, stage 0 is what comes before the layers and stage i is layer i - 1; what follows the
        layers belongs to the last stage.
        """
        return None

    def tracer_leaves(self) -> tuple[type[nn.Module], ...]:
        """Module types that ``torch.fx`` must not look into."""
        return ()

    def tracer_functions(self) -> tuple[Callable[..., Any], ...]:
        """Functions that ``torch.fx`` must record as one call (``autowrap_functions``)."""
        return ()

    def traced(self) -> tuple[nn.Module, str] | None:
        """The module to trace and the batch entry it takes: ``features(batch) == module(batch[entry])``.

        None when :meth:`layer_run` says where to cut instead, or where it cannot be cut: it then trains from its
        input on.
        """
        return None


def no_maps(backbone: Backbone) -> str:
    """Why a task with places cannot use `backbone`."""
    return (
        f"{backbone.card.name} gives no maps of pictures of any size, by which places in them are told apart; take a "
        "convolutional network for images, or a vision transformer. `headstart models` lists them."
    )
