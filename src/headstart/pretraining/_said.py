"""What a network says of crops: pooled features, and maps where those are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from headstart.backbones.base import Backbone, Batch
from headstart.core.maps import Map


@dataclass(frozen=True)
class Said:
    """Of B crops: ``features`` (B, D), and ``maps`` (B, C, h, w) from fine to coarse, none where nobody asked."""

    features: Tensor
    maps: tuple[Tensor, ...] = ()

    def on(self, device: torch.device) -> Said:
        """The same on `device`."""
        return Said(self.features.to(device), tuple(each.to(device) for each in self.maps))


def said_by(backbone: Backbone, batch: Batch, maps: Sequence[str] = ()) -> Said:
    """What `backbone` says of a batch, with its maps of these names."""
    if not maps:
        return Said(backbone.features(batch))
    features, found = backbone.features_and_maps(batch, maps)
    return Said(features, tuple(found[name] for name in maps))


def shared_maps(one: Backbone, other: Backbone) -> list[tuple[Map, Map]]:
    """Maps of the same stride that two networks give, from fine to coarse; none where one of them gives none."""
    others = {each.stride: each for each in other.unframed_maps()}
    return [(each, others[each.stride]) for each in one.unframed_maps() if each.stride in others]
