"""Divides any image network into stages, from its module tree and the order in which it uses its weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn

from headstart.backbones._use_order import UseOrder
from headstart.backbones.base import Stage

FEWEST, MOST = 8, 20
_ROWS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


class Opened(nn.ModuleDict):
    """Modules by name, each of which is a stage or several, however few of them hold weights.

    It never is part of a stage as a whole: what it computes, if anything, is for a trace to follow.
    """


@dataclass
class _Unit:
    """Consecutive modules (their paths), and when their weights are first and last used."""

    paths: list[str]
    tensors: list[str]
    weights: int
    has_weights: bool
    first: float
    last: float

    def join(self, later: _Unit) -> None:
        self.paths += later.paths
        self.tensors += later.tensors
        self.weights += later.weights
        self.has_weights |= later.has_weights
        self.first, self.last = min(self.first, later.first), max(self.last, later.last)


def image_stages(
    network: nn.Module, order: UseOrder, closed: tuple[type[nn.Module], ...], prefix: str
) -> tuple[list[Stage], list[str]]:
    """The stages of `network`, and for each the path of the module that its computation enters first.

    The tree is opened from the root, or from the one module that holds all there is: every row of blocks
    (``Sequential`` and the like), what is :class:`Opened`, and while there are fewer than eight stages the largest
    module that wraps a row. A norm without weights of its own joins the stage before it, stages whose use overlaps
    are joined, and above twenty the smallest neighbours are. A tensor that an opened module holds itself (class
    token, position embedding) goes to the stage during which it is first used. `closed` are module types that are
    never opened; `prefix` leads every name.
    """
    opened = _open_rows(network, [_start(network, closed)], closed)
    units = _in_order(network, opened, order)
    while len(units) < FEWEST and (wrapper := _largest_wrapper(network, opened, closed)):
        opened = [path for path in opened if path != wrapper]
        opened += _open_rows(network, [wrapper], closed)
        units = _in_order(network, opened, order)
    _place_loose(network, units, order)
    while len(units) > MOST:
        at = min(range(len(units) - 1), key=lambda i: units[i].weights + units[i + 1].weights)
        units[at].join(units.pop(at + 1))
    parameters = dict(network.named_parameters())
    stages = [_stage(unit, parameters, prefix) for unit in units]
    return stages, [unit.paths[0] for unit in units]


def _stage(unit: _Unit, parameters: dict[str, nn.Parameter], prefix: str) -> Stage:
    name = unit.paths[0] if len(unit.paths) == 1 else f"{unit.paths[0]}..{unit.paths[-1]}"
    held = [prefix + tensor for tensor in unit.tensors if tensor in parameters]
    return Stage(name, tuple(held), tuple(prefix + t for t in unit.tensors if t not in parameters))


def _is_row(module: nn.Module) -> bool:
    """Whether `module` only holds blocks one after another, two of them with weights, or says that it does."""
    if isinstance(module, Opened):
        return True
    return type(module) in _ROWS and sum(_has_weights(child) for child in module.children()) >= 2


def _has_weights(module: nn.Module) -> bool:
    return any(parameter.dim() > 1 for parameter in module.parameters())


def _start(network: nn.Module, closed: tuple[type[nn.Module], ...]) -> str:
    """The path of the innermost module that holds every part of `network` that has tensors; the root's is empty."""
    path, module = "", network
    while len(holding := [name for name, child in module.named_children() if child.state_dict()]) == 1:
        module = module.get_submodule(holding[0])
        if isinstance(module, closed) or not any(module.children()):
            break
        path = f"{path}.{holding[0]}" if path else holding[0]
    return path


def _open_rows(network: nn.Module, paths: list[str], closed: tuple[type[nn.Module], ...]) -> list[str]:
    """Paths of the children of `paths`, with every row among them opened in turn."""
    found = []
    for path in paths:
        for name, child in network.get_submodule(path).named_children():
            below = f"{path}.{name}" if path else name
            if _is_row(child) and not isinstance(child, closed):
                found += _open_rows(network, [below], closed)
            else:
                found.append(below)
    return found


def _largest_wrapper(network: nn.Module, opened: list[str], closed: tuple[type[nn.Module], ...]) -> str | None:
    """The opened path with over a quarter of all weights whose module wraps a row of composite blocks."""
    sizes = {path: _count(network.get_submodule(path)) for path in opened}
    for path in sorted(opened, key=lambda path: -sizes[path]):
        module = network.get_submodule(path)
        rows = [child for child in module.children() if _is_row(child) and not isinstance(child, closed)]
        composite = any(sum(any(block.children()) for block in row.children()) >= 2 for row in rows)
        if composite and not isinstance(module, closed) and 4 * sizes[path] > _count(network):
            return path
    return None


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _names(module: nn.Module, path: str) -> Iterator[str]:
    for name, _ in [*module.named_parameters(), *module.named_buffers()]:
        yield f"{path}.{name}" if path else name


def _in_order(network: nn.Module, opened: list[str], order: UseOrder) -> list[_Unit]:
    """Units in the order of use; those whose use overlaps, and norms, joined to the one before."""
    units: list[_Unit] = []
    # a module that serves in two places is listed under its first path only
    listed = set(_names(network, ""))
    for path in opened:
        module = network.get_submodule(path)
        if tensors := [name for name in _names(module, path) if name in listed]:
            uses = [order.first[t] for t in tensors if t in order.first]
            ends = [order.last[t] for t in tensors if t in order.last]
            # weights that no operation takes stay beside their neighbour in the tree
            first = min(uses) if uses else (units[-1].last if units else 0.0)
            unit = _Unit([path], tensors, _count(module), _has_weights(module), first, max(ends, default=first))
            units.append(unit)
    units.sort(key=lambda unit: unit.first)
    joined: list[_Unit] = []
    for unit in units:
        before = joined[-1] if joined else None
        if before and (unit.first <= before.last or not unit.has_weights or not before.has_weights):
            before.join(unit)
        else:
            joined.append(unit)
    return joined


def _place_loose(network: nn.Module, units: list[_Unit], order: UseOrder) -> None:
    """Give tensors held by opened modules themselves to the last unit begun before their first use."""
    held = {tensor for unit in units for tensor in unit.tensors}
    for tensor in _names(network, ""):
        if tensor not in held:
            begun = [unit for unit in units if unit.first <= order.first.get(tensor, -1)]
            (begun[-1] if begun else units[0]).tensors.append(tensor)
