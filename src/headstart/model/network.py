"""A network: a backbone, a head, and the features or maps that the head reads."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from headstart.backbones.base import Backbone, Batch
from headstart.tasks.base import MapHead, Task


class Network(nn.Module):
    """Backbone and head.

    Parameters
    ----------
    backbone : gives pooled features (N, D).
    head : (N, D) → (N, C), or one that reads maps.
    depths : stage names whose pooled activations the head reads side by side (Head2Toe, Evci et al. 2022,
        arXiv:2201.03529); empty for the last features alone.

    Attributes
    ----------
    maps : names of the maps that the head reads; empty where it reads pooled features.
    head_is_new : whether the head has learnt nothing yet.
    held_still : the frozen modules, by the freeze plan.

    ``train()`` never thaws a frozen layer: its parameters, normalisation statistics and dropout stay as they
    are, whatever mode is asked for, once a freeze plan has said which layers are frozen.
    """

    def __init__(self, backbone: Backbone, head: nn.Module, depths: Sequence[str] = ()) -> None:
        super().__init__()
        self.backbone, self.head, self.depths = backbone, head, tuple(depths)
        self.maps = tuple(each.name for each in head.maps) if isinstance(head, MapHead) else ()
        self.head_is_new = True
        self.held_still: list[nn.Module] = []

    def forward(self, batch: Batch) -> Tensor:
        """Outputs (N, C)."""
        return self.head(self.backbone.maps(batch, self.maps) if self.maps else self.pooled(batch))

    def pooled(self, batch: Batch) -> Tensor:
        """The features that a head without maps reads, (N, D)."""
        return self.join(self.backbone.depth_features(batch)) if self.depths else self.backbone.features(batch)

    def join(self, by_depth: Batch) -> Tensor:
        """Pooled activations of the head's depths, (N, D_s) each, side by side: (N, sum of D_s)."""
        return torch.cat([by_depth[name] for name in self.depths], dim=1)

    @property
    def head_features(self) -> int:
        """How many features the head reads: the second dimension of its first matrix."""
        matrices = [parameter for parameter in self.head.parameters() if parameter.dim() == 2]
        return matrices[0].shape[1] if matrices else self.backbone.feature_size

    @property
    def maps_with_places(self) -> tuple[str, ...]:
        """Those of :attr:`maps` that are about places, not about the whole picture."""
        return tuple(each.name for each in self.head.maps if each.stride) if isinstance(self.head, MapHead) else ()

    @property
    def fastest_head(self) -> float:
        """The highest rate that the head may learn at."""
        return self.head.fastest if isinstance(self.head, MapHead) else math.inf

    def train(self, mode: bool = True) -> Network:
        super().train(mode)
        if mode:
            for module in self.held_still:
                module.train(False)
        return self


def new_network(backbone: Backbone, task: Task) -> Network:
    """`backbone` under a new head of `task`, on its maps or its pooled features as the task asks.

    Raises
    ------
    UsageError : the task reads maps, and the backbone gives none, or not those it needs.
    """
    head = task.map_head(backbone.offered_maps()) if task.reads_maps else task.head(backbone.feature_size)
    return Network(backbone, head)


def suited(backbone: Backbone, task: Task) -> Backbone:
    """`backbone` with inputs as `task` needs them: whole where targets have places.

    Raises
    ------
    UsageError : it cannot take them so.
    """
    return backbone if task.frame is None else backbone.framed(task.frame)


def set_linear(head: nn.Module, weight: Tensor, bias: Tensor) -> None:
    """Copy `weight` (C, D) and `bias` (C,) into a linear head."""
    if not isinstance(head, nn.Linear):
        raise TypeError(f"the head is a {type(head).__name__}; only a linear head has a closed solution")
    with torch.no_grad():
        head.weight.copy_(weight)
        head.bias.copy_(bias)
