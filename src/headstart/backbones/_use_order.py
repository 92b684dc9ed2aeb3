"""Finds in which order a network uses its parameters and buffers, by watching one forward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode


@dataclass
class UseOrder:
    """When each parameter or buffer was used: the index of the first and of the last operation that took it."""

    first: dict[str, int] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)


class Seen(NamedTuple):
    """What one forward pass tells of a network: when it uses its weights, and the shape of what it gives."""

    order: UseOrder
    shape: tuple[int, ...]


class _Watch(TorchFunctionMode):
    """Notes which named tensors every operation takes. Reading a shape or dtype is no use."""

    def __init__(self, names: Mapping[int, str]) -> None:
        super().__init__()
        self.names, self.order, self.count = names, UseOrder(), 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        self.count += 1
        if next(_tensors(result), None) is not None:
            for tensor in _tensors((args, kwargs)):
                if name := self.names.get(id(tensor)):
                    self.order.first.setdefault(name, self.count)
                    self.order.last[name] = self.count
        return result


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _tensors(item)
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))


def watch(network: nn.Module, run: Callable[[], Tensor]) -> tuple[UseOrder, Tensor]:
    """The order in which `run` uses the parameters and buffers of `network`, and what it returns.

    A real pass: on the "meta" device batch norm takes longer than the arithmetic of one picture.
    """
    names = {id(tensor): name for name, tensor in [*network.named_parameters(), *network.named_buffers()]}
    with torch.no_grad(), _Watch(names) as mode:
        output = run()
    return mode.order, output


def look(network: nn.Module, channels: int, height: int, width: int) -> Seen:
    """What a pass of one picture tells."""
    pixels = torch.zeros((1, channels, height, width))
    order, output = watch(network, lambda: network(pixels))
    return Seen(order, tuple(output.shape))
