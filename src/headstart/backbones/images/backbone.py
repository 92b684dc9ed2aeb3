"""An image network without its classifier, divided into stages; the same for every library."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from headstart.backbones._use_order import Seen, look
from headstart.backbones.base import Backbone, Batch, Card, Map, Stage, no_maps
from headstart.backbones.images.channels import fold_first_layer
from headstart.backbones.images.maps import offered_maps, read_maps, read_with_output
from headstart.backbones.images.preprocess import ImagePreprocess
from headstart.backbones.images.stages import image_stages
from headstart.core.errors import HeadstartError, UsageError

_DEPTHS = 6

FEWEST_MAPS = 2
"""Strides that a network must have for its maps to be of use."""


class ImageBackbone(Backbone):
    """``network``: pixels (N, C, H, W) → pooled features (N, D).

    Parameters
    ----------
    network : a classifier whose classifier layer is gone; left in evaluation mode.
    description : what the source needs to rebuild the network, as JSON; ``source`` is its plug-in name.
    leaves, functions : module types that ``torch.fx`` must not look into, and functions it must record whole.
    seen : what a forward pass has told of the network as it is, where there was one; else there is one now.
    """

    learning_rate = 1e-4
    preprocess: ImagePreprocess

    def __init__(
        self,
        network: nn.Module,
        card: Card,
        preprocess: ImagePreprocess,
        description: Mapping[str, Any],
        leaves: tuple[type[nn.Module], ...] = (),
        functions: tuple[Callable[..., Any], ...] = (),
        seen: Seen | None = None,
    ) -> None:
        super().__init__()
        self.network = network.eval()
        self.card, self.preprocess = card, preprocess
        self._description, self._leaves, self._functions = dict(description), leaves, functions
        self._divide(seen or self._look(preprocess))
        self.eval()

    def _look(self, preprocess: ImagePreprocess) -> Seen:
        return look(self.network, preprocess.channels, preprocess.size, preprocess.size)

    def _divide(self, seen: Seen) -> None:
        order, shape = seen
        if len(shape) != 2:
            raise HeadstartError(
                f"{self.card.name}: gives features of shape {shape}, not (N, D); its pooling is missing."
            )
        self.feature_size = shape[1]
        self._stages, self._entries = image_stages(self.network, order, self._leaves, "network.")
        self._read: tuple[int, ...] = ()

    def stages(self) -> list[Stage]:
        return list(self._stages)

    def features(self, batch: Batch) -> Tensor:
        return self.network(batch["pixels"])

    def depth_features(self, batch: Batch) -> dict[str, Tensor]:
        found: dict[int, Tensor] = {}
        handles = [
            self.network.get_submodule(self._entries[i + 1]).register_forward_pre_hook(
                _keep(found, i), with_kwargs=True
            )
            for i in self._read or range(len(self._entries) - 1)
        ]
        try:
            last = self.features(batch)
        finally:
            for handle in handles:
                handle.remove()
        read = self._read or tuple(_spread(sorted(found)))
        if not torch.compiler.is_compiling():  # the next pass need not pool what is not read
            self._read = read
        return {**{self._stages[i].name: found[i] for i in read}, self._stages[-1].name: last}

    def framed(self, frame: tuple[int, int]) -> ImageBackbone:
        self.preprocess = self.preprocess.framed(frame)
        return self

    def stacked(self, slices: int) -> ImageBackbone:
        size = self.preprocess.frame or (self.preprocess.size, self.preprocess.size)
        fold_first_layer(self.network, self.preprocess.std, slices, size)
        self.preprocess = self.preprocess.stacked(slices)
        return self

    def offered_maps(self) -> list[Map]:
        found = offered_maps(self.network, self._stages, "network.", self.preprocess.channels)
        if len(found) < FEWEST_MAPS:
            raise UsageError(no_maps(self))
        return found

    def maps(self, batch: Batch, names: Sequence[str]) -> Batch:
        return read_maps(self.network, batch["pixels"], names)

    def unframed_maps(self) -> list[Map]:
        return offered_maps(self.network, self._stages, "network.", self.preprocess.channels)

    def features_and_maps(self, batch: Batch, names: Sequence[str]) -> tuple[Tensor, Batch]:
        return read_with_output(self.network, batch["pixels"], names)

    def traced(self) -> tuple[nn.Module, str]:
        return self.network, "pixels"

    def tracer_leaves(self) -> tuple[type[nn.Module], ...]:
        return self._leaves

    def tracer_functions(self) -> tuple[Callable[..., Any], ...]:
        return self._functions

    def describe(self) -> dict[str, Any]:
        return {
            **self._description,
            "name": self.card.name,
            "card": self.card.to_json(),
            "preprocess": self.preprocess.describe(),
        }


def _spread(indices: list[int]) -> list[int]:
    """Up to five of `indices`, evenly spread."""
    count = min(_DEPTHS - 1, len(indices))
    return sorted({indices[round((k + 1) * len(indices) / (count + 1)) - 1] for k in range(count)})


def _keep(found: dict[int, Tensor], index: int) -> Callable[..., None]:
    """A hook on the entry of a stage that keeps, pooled, the spatial or token map the stage `index` before handed on.

    There the map has passed the activation function and the pooling between the two stages.
    """

    def hook(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        given = next((value for value in (*args, *kwargs.values()) if isinstance(value, Tensor)), None)
        if given is not None and given.dim() in (3, 4) and index not in found:
            found[index] = _pool(given)

    return hook


def _pool(activation: Tensor) -> Tensor:
    """Average over places: (N, C, H, W), (N, H, W, C) or (N, L, C) → (N, C).

    Pictures here are square, so the two equal sides of a map tell where its channels are.
    """
    if activation.dim() == 3:
        return activation.mean(1)
    _, a, b, c = activation.shape
    channels_last = a == b and b != c
    return activation.mean((1, 2) if channels_last else (2, 3))
