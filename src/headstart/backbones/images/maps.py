"""Where in an image network maps can be read: the last module of each stride that a cut need not look into."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from headstart.backbones.base import Batch, Stage
from headstart.core.maps import Map

STRIDES = (2, 4, 8, 16, 32)
TRIED = (192, 256)
"""Height and width of the picture that is tried: they differ, so that places and channels cannot be confused, by a
multiple of every stride, so that one side has exactly as many places more as the stride fits into the difference."""

UNFIT = (RuntimeError, AssertionError, ValueError, IndexError)
"""What a network raises for a picture of a size that it was not made for."""

LOST = 4
"""Places of a side that convolutions without padding may lose at the rim; one may be won there."""


def offered_maps(network: nn.Module, stages: Sequence[Stage], prefix: str, channels: int) -> list[Map]:
    """One map for each stride that `network` has, from fine to coarse; none where it takes one size of picture only.

    Of the modules with a stride the last is taken, since it has seen most; one that is too wide to be stored does not
    take the place of another that is not. A module counts that lies within one
    stage, or holds nothing: cuts between stages do not go through it.
    """
    seen: dict[int, Map] = {}

    def note(path: str, output: Any) -> None:
        if isinstance(output, Tensor) and (stride := stride_of(tuple(output.shape))):
            found = Map(path, output.shape[1], stride)
            if not found.is_wide or seen.get(stride, found).is_wide:
                seen[stride] = found

    try:
        with _overheard(network, stages, prefix, note):
            network(_picture(network, channels))
    except UNFIT:  # made for one size, as vision transformers are
        return []
    return [seen[stride] for stride in STRIDES if stride in seen]


def hands_on(
    network: nn.Module, stages: Sequence[Stage], prefix: str, channels: int, telling: Callable[[Tensor], list[Tensor]]
) -> bool:
    """Whether those modules give every map that `telling` gives of a picture; not where that takes one size only."""
    heard: list[Any] = []
    try:
        with _overheard(network, stages, prefix, lambda _, output: heard.append(output)):
            wanted = telling(_picture(network, channels))
    except UNFIT:
        return False
    given = {(one.data_ptr(), one.shape) for one in heard if isinstance(one, Tensor)}
    return all((one.data_ptr(), one.shape) in given for one in wanted)


def read_maps(network: nn.Module, pixels: Tensor, names: Sequence[str]) -> Batch:
    """The outputs of the modules `names`, (N, C, h, w) each, by name."""
    return read_with_output(network, pixels, names)[1]


def read_with_output(network: nn.Module, pixels: Tensor, names: Sequence[str]) -> tuple[Any, Batch]:
    """What `network` gives, and the outputs of its modules `names`, (N, C, h, w) each, by name, of one forward."""
    found: Batch = {}
    with contextlib.ExitStack() as hooks:
        for name in names:
            hooks.enter_context(hooked(network.get_submodule(name), partial(found.__setitem__, name)))
        # What follows the last map may write over it, and is no part of what gives it.
        own = lambda output: found.__setitem__(names[-1], output.clone())  # noqa: E731
        hooks.enter_context(hooked(network.get_submodule(names[-1]), own))
        output = network(pixels)
    return output, {name: found[name] for name in names}


def stride_of(shape: tuple[int, ...]) -> int | None:
    """The stride of a map of the tried picture; None where it is none with its channels first."""
    if len(shape) != 4:
        return None
    high, wide = shape[2:]
    for stride in STRIDES:
        further = (TRIED[1] - TRIED[0]) // stride
        if wide - high == further and high >= 2 and -1 <= TRIED[0] // stride - high <= LOST:
            return stride
    return None


def _picture(network: nn.Module, channels: int) -> Tensor:
    """One picture (1, C, H, W) to try `network` with."""
    device = next((parameter.device for parameter in network.parameters()), None)
    return torch.zeros(1, channels, *TRIED, device=device)


@contextlib.contextmanager
def _overheard(
    network: nn.Module, stages: Sequence[Stage], prefix: str, told: Callable[[str, Any], None]
) -> Iterator[None]:
    """Tells `told` the path of every closed module and what it gives, for the block, in which nothing is learnt."""
    with torch.no_grad(), contextlib.ExitStack() as hooks:
        for path, module in _closed(network, stages, prefix):
            hooks.enter_context(hooked(module, partial(told, path)))
        yield


def _closed(network: nn.Module, stages: Sequence[Stage], prefix: str) -> Iterator[tuple[str, nn.Module]]:
    """The largest modules whose tensors all belong to one stage, and those that hold nothing, with their paths.

    What only holds modules is none of them: it is never called.
    """
    stage_of = {name: i for i, stage in enumerate(stages) for name in (*stage.parameters, *stage.buffers)}

    def visit(path: str, module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
        for name, child in module.named_children():
            below = f"{path}.{name}" if path else name
            held = {stage_of.get(f"{prefix}{below}.{tensor}") for tensor in child.state_dict()}
            called = type(child).forward is not nn.Module.forward
            if called and (len(held) == 1 or not (held or any(child.children()))):
                yield below, child
            else:
                yield from visit(below, child)

    return visit("", network)


@contextlib.contextmanager
def hooked(module: nn.Module, told: Callable[[Any], None]) -> Iterator[None]:
    """Tells `told` what `module` gives, for the block."""
    handle = module.register_forward_hook(lambda _, __, output: told(output))
    try:
        yield
    finally:
        handle.remove()
