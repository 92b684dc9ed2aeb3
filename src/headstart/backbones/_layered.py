"""Divides a network of layers that hand on hidden states into stages, one a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from torch import Tensor, nn

from headstart.backbones._use_order import UseOrder, watch
from headstart.backbones.base import Stage
from headstart.core.errors import HeadstartError

DEPTHS = 6
"""About so many layers are looked at."""


def layered_stages(
    network: nn.Module, path: str, short_run: Callable[[], Any], prefix: str = "network."
) -> list[Stage]:
    """Stage 0 before the layers at `path`, one a layer; a tensor outside the layers goes where it is first used.

    Parameters
    ----------
    short_run : runs the network once. prefix : leads every name of a parameter.
    """
    order, _ = watch(network, short_run)
    parameters, buffers = dict(network.named_parameters()), dict(network.named_buffers())
    count = len(layers_at(network, path, path))
    starts = [_begins(order, path, i) for i in range(count)]
    held: list[list[str]] = [[] for _ in range(count + 1)]
    for name in [*parameters, *buffers]:
        held[_stage_of(name, path, order, starts)].append(name)
    names = ["embeddings", *(f"{path}.{i}" for i in range(count))]
    return [
        Stage(
            name,
            tuple(prefix + tensor for tensor in inside if tensor in parameters),
            tuple(prefix + tensor for tensor in inside if tensor in buffers),
        )
        for name, inside in zip(names, held, strict=True)
    ]


def layers_at(network: nn.Module, path: str, name: str) -> nn.ModuleList:
    """The list of layers at `path`; `name` is the backbone's, for the error."""
    layers = network.get_submodule(path)
    if not isinstance(layers, nn.ModuleList):
        raise HeadstartError(f"{name}: {path} is no list of layers any more")
    return layers


def layers_path(network: nn.Module, name: str) -> str:
    """Where the longest list of layers lies whose first argument is the hidden states."""
    lists = {
        path: len(module)
        for path, module in network.named_modules()
        if isinstance(module, nn.ModuleList) and len(module) and first_argument(module[0]).startswith("hidden")
    }
    if not lists:
        raise HeadstartError(f"{name}: no list of layers that hand on hidden states was found in this architecture.")
    return max(lists, key=lambda path: lists[path])


def first_argument(layer: nn.Module) -> str:
    """The name of the first argument of its forward."""
    return next(iter(inspect.signature(layer.forward).parameters), "")


def features_at_depths(
    layers: nn.ModuleList, stages: Sequence[Stage], run: Callable[[], Tensor], pooled: Callable[[Tensor], Tensor]
) -> dict[str, Tensor]:
    """Features of some layers and the last stage, by the names of their stages.

    Parameters
    ----------
    stages : those of :func:`layered_stages`. run : runs the network and gives its features (N, D).
    pooled : hidden states that a layer gives → (N, D).
    """
    found: dict[str, Tensor] = {}

    def keep(name: str, module: nn.Module, args: Any, output: Any) -> None:
        found[name] = pooled(output if isinstance(output, Tensor) else output[0])

    chosen = _looked_at(len(layers))
    handles = [layers[i].register_forward_hook(partial(keep, stages[i + 1].name)) for i in chosen]
    try:
        last = run()
    finally:
        for handle in handles:
            handle.remove()
    return {**found, stages[-1].name: last}


def _looked_at(layers: int) -> range:
    """Layers whose output is looked at besides the last one's: about :data:`DEPTHS` of them, evenly spread."""
    step = max(3, -(-layers // DEPTHS))
    return range(step - 1, layers - 1, step)


def _begins(order: UseOrder, path: str, layer: int) -> float:
    prefix = f"{path}.{layer}."
    return min((time for name, time in order.first.items() if name.startswith(prefix)), default=float("inf"))


def _stage_of(name: str, path: str, order: UseOrder, starts: list[float]) -> int:
    if name.startswith(path + "."):
        return int(name[len(path) + 1 :].split(".")[0]) + 1
    return sum(start <= order.first.get(name, -1) for start in starts)
