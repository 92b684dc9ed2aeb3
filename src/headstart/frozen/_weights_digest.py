"""A digest of named weights, taken once for as long as they lie where they did and nothing has touched them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import lru_cache

import torch
from torch import Tensor

from headstart.core.arrays import bytes_of
from headstart.core.files import digest

PROBED = 2**12
"""Numbers of a tensor that are looked at each time: all of a small one, or so many evenly spread."""

REMEMBERED = 8


def weights_digest(state: Mapping[str, Tensor]) -> str:
    """A digest of named tensors: names, types, shapes and bytes.

    A fit asks for that of the same network a dozen times, and a large one takes a second to read. So it is remembered
    by where each tensor lies, by the version that PyTorch counts up when one is written in place, and by some of its
    numbers: those of normalisation statistics are all looked at, for PyTorch does not count when they move.
    """
    tensors = {name: tensor.detach() for name, tensor in sorted(state.items())}
    if any(tensor.is_inference() for tensor in tensors.values()):  # without a version
        return _digest(tensors)
    weights = _Weights(tensors)
    try:
        return _remembered(weights)
    finally:
        weights.tensors = {}  # what is remembered must not keep a network in memory


class _Weights:
    """Tensors that count as equal to others where these can only be the same ones, unchanged."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self.tensors, self.stamp = tensors, tuple(_stamp(name, tensor) for name, tensor in tensors.items())

    def __hash__(self) -> int:
        return hash(self.stamp)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Weights) and self.stamp == other.stamp


@lru_cache(maxsize=REMEMBERED)
def _remembered(weights: _Weights) -> str:
    return _digest(weights.tensors)


def _stamp(name: str, tensor: Tensor) -> Hashable:
    stride = -(-tensor.numel() // PROBED)
    some = tensor.flatten()[:: max(stride, 1)] if tensor.is_contiguous() else tensor
    place = tensor.data_ptr(), tensor._version, tensor.stride(), str(tensor.device)
    return name, str(tensor.dtype), tuple(tensor.shape), place, digest(_bytes(some))


def _digest(tensors: Mapping[str, Tensor]) -> str:
    parts: list[bytes | memoryview | str] = []
    for name, tensor in tensors.items():
        parts += [name, f"{tensor.dtype}{tuple(tensor.shape)}", _bytes(tensor)]
    return digest(*parts)


def _bytes(tensor: Tensor) -> memoryview | bytes:
    return bytes_of(tensor.cpu().contiguous().flatten().view(torch.uint8).numpy())
