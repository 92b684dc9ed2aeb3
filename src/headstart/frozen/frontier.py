"""Finds the frontier: where what is frozen ends and what trains begins."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor, nn
from torch.fx.proxy import TraceError

from headstart.backbones.base import Backbone, Batch
from headstart.core.files import digest
from headstart.frozen._graph_cut import cut_graph
from headstart.frozen._layer_cut import GivesOthers, cut_layers

WHOLE = "features"
"""The cut of a backbone in which nothing trains."""


@dataclass(frozen=True)
class Frontier:
    """A backbone in two parts that share its parameters.

    Attributes
    ----------
    frozen : batch → the frontier, named tensors with the examples along dimension 0.
    trained : frontier → features (N, D), or the maps that a head reads.
    cut : a name for where the cut lies; part of the store's key.
    state : the frozen part's parameters and buffers; their digest is part of the store's key.
    architecture : a digest of what the backbone is made of besides weights (strides, pooling); part of the store's
        key with the cut, for two networks of the same weights need not be the same function.
    about : the backbone's name, for a person who looks into the store.
    half : whether half precision is enough: where what reads it learns from far noisier numbers. Features that a head
        is solved on, and figures computed from, stay as they are.
    refused : why no cut nearer to the output was taken, where one gave other features than the whole or none can be
        found; else empty.
    """

    frozen: nn.Module
    trained: nn.Module
    cut: str
    state: Mapping[str, Tensor]
    architecture: str = ""
    about: str = ""
    half: bool = False
    refused: str = ""

    @property
    def is_input(self) -> bool:
        """Whether nothing is frozen, so that the frontier is the input itself."""
        return self.cut == "input"


def whole_features(backbone: Backbone) -> Frontier:
    """All of `backbone`, which is frozen, as one function that gives its last features and nothing beside them.

    They are kept in half precision: for who imitates them, not for heads that are solved on them.
    """
    parts = AtFeatures(backbone), Last(), "last features", backbone.state_dict()
    return Frontier(*parts, _architecture(backbone), backbone.card.name, half=True)


def find_frontier(backbone: Backbone, sample: Batch, maps: Sequence[str] = ()) -> Frontier:
    """Cut `backbone` before the first operation that a parameter with ``requires_grad`` feeds.

    Parameters
    ----------
    sample : a batch of at least two examples; tells which intermediate values are tensors per example, and whether a
        cut between layers gives the features of the whole. Not looked at where nothing trains.
    maps : those that the head reads; none where it reads the features. Maps that lie before the cut belong to the
        frontier, those behind it are what the trained part gives.
    """
    about = _architecture(backbone), backbone.card.name
    if not any(parameter.requires_grad for parameter in backbone.parameters()):
        if maps:
            parts = AtMaps(backbone, maps), Unchanged(), f"maps-{'-'.join(maps)}", backbone.state_dict()
            return Frontier(*parts, *about, half=True)
        return Frontier(AtDepths(backbone), Last(), WHOLE, backbone.state_dict(), *about)
    run = backbone.layer_run()
    cut, refused = None, ""
    with _evaluating(backbone):
        try:
            if run is not None:
                cut = cut_layers(backbone, run, sample)
            elif backbone.traced() is not None:
                cut = cut_graph(backbone, sample, maps)
        except GivesOthers as error:
            refused = str(error)
        except TraceError:
            refused = f"The forward of {backbone.card.name} depends on values, which no trace follows"
    if cut is None:
        trained = AtMaps(backbone, maps) if maps else backbone
        return Frontier(Unchanged(), trained, "input", {}, half=True, refused=refused)
    return Frontier(*cut, *about, half=True)


def _architecture(backbone: Backbone) -> str:
    """A digest of the description, without the name it goes by and the preprocessing, which is a key of its own."""
    described = {k: v for k, v in backbone.describe().items() if k not in ("name", "card", "preprocess")}
    return digest(json.dumps(described, sort_keys=True, default=str))


@contextlib.contextmanager
def _evaluating(backbone: nn.Module) -> Iterator[None]:
    """Evaluation mode for the block, then every module in the mode it was in: a trace keeps the mode it meets."""
    training = [module for module in backbone.modules() if module.training]
    backbone.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


class AtDepths(nn.Module):
    """The whole backbone: pooled activations (N, D_s) after several stages, the last features among them."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, batch: Batch) -> Batch:
        """Batch → pooled features by stage name."""
        return self.backbone.depth_features(batch)


class AtFeatures(nn.Module):
    """The whole backbone: batch → its features (N, D) alone."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, batch: Batch) -> Batch:
        """Features by name."""
        return {WHOLE: self.backbone.features(batch)}


class Last(nn.Module):
    """Reads the features (N, D) of the last depth."""

    def forward(self, by_depth: Batch) -> Tensor:
        """The last of the depth features."""
        return by_depth[list(by_depth)[-1]]


class AtMaps(nn.Module):
    """The backbone up to its maps `names`: batch → (N, C_s, h_s, w_s) each."""

    def __init__(self, backbone: Backbone, names: Sequence[str]) -> None:
        super().__init__()
        self.backbone, self.names = backbone, tuple(names)

    def forward(self, batch: Batch) -> Batch:
        """Maps by name."""
        return self.backbone.maps(batch, self.names)


class Unchanged(nn.Module):
    """Hands on what it is given: the frozen part where everything trains, the trained part where nothing does."""

    def forward(self, batch: Batch) -> Batch:
        """The same batch."""
        return batch
