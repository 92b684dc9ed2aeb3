"""Heads beside the task's own, and how any head is written down and made again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from headstart.core.maps import Map
from headstart.tasks.base import MapHead, Task


class DirectionHead(nn.Linear):
    """A linear head on features of length 1: what counts is where they point. (N, D) → (N, C).

    With a unit vector for each class as its weight, outputs are cosines; the weight holds their scale too.
    """

    def forward(self, input: Tensor) -> Tensor:
        """``W x / |x| + b``."""
        return super().forward(functional.normalize(input, dim=1))

    def describe(self) -> dict[str, Any]:
        """What :func:`rebuilt` needs."""
        return {"kind": "direction"}

    @classmethod
    def from_description(cls, description: Mapping[str, Any], task: Task) -> DirectionHead:
        """The inverse of :meth:`describe`, with random weights."""
        return cls(int(description["features"]), task.outputs)


class CacheHead(nn.Module):
    """Directions, and a cache of K known examples that vote for their classes: (N, D) → (N, C).

    Tip-Adapter (Zhang et al. 2022, arXiv:2111.03930): with features f and keys of length 1,
    ``f Wᵀ + α exp(−β (1 − f Keysᵀ)) Votes``.

    Parameters
    ----------
    entries : K.
    """

    votes: Tensor
    weight: Tensor
    sharpness: Tensor

    def __init__(self, features: int, outputs: int, entries: int) -> None:
        super().__init__()
        self.entries = entries
        self.names = DirectionHead(features, outputs)
        self.keys = nn.Parameter(torch.zeros(entries, features))
        self.register_buffer("votes", torch.zeros(entries, outputs))
        self.register_buffer("weight", torch.tensor(1.0))
        self.register_buffer("sharpness", torch.tensor(1.0))

    def forward(self, input: Tensor) -> Tensor:
        """What the names say, and what the cache adds."""
        return self.names(input) + self.weight * self.cache(input)

    def cache(self, input: Tensor) -> Tensor:
        """The votes of the examples that are near, (N, C)."""
        near = functional.normalize(input, dim=1) @ functional.normalize(self.keys, dim=1).T
        return torch.exp(-self.sharpness * (1 - near)) @ self.votes

    def describe(self) -> dict[str, Any]:
        """What :func:`rebuilt` needs."""
        return {"kind": "cache", "entries": self.entries}

    @classmethod
    def from_description(cls, description: Mapping[str, Any], task: Task) -> CacheHead:
        """The inverse of :meth:`describe`, with an empty cache."""
        return cls(int(description["features"]), task.outputs, int(description["entries"]))


_KINDS: dict[str, type[DirectionHead] | type[CacheHead]] = {"direction": DirectionHead, "cache": CacheHead}


def described(head: nn.Module, features: int) -> dict[str, Any]:
    """JSON from which :func:`rebuilt` makes a head of the same shape; `features` is D, of a head that reads any."""
    if isinstance(head, MapHead):
        return {"maps": [asdict(each) for each in head.maps]}
    own = head.describe() if isinstance(head, DirectionHead | CacheHead) else {}
    return {"features": features, **own}


def rebuilt(description: Mapping[str, Any], task: Task) -> nn.Module:
    """A head of the shape that `description` says: the task's own where it says nothing.

    Raises
    ------
    ValueError : a kind that is not known here.
    """
    if "maps" in description:
        return task.map_head([Map(**each) for each in description["maps"]])
    kind = description.get("kind")
    if kind is None:
        return task.head(int(description["features"]))
    if kind not in _KINDS:
        raise ValueError(f"heads of the kind {kind!r} are not known; known: {', '.join(_KINDS)}")
    return _KINDS[kind].from_description(description, task)
