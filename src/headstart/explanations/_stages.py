"""What the stages of a backbone hand on while it looks at one picture."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

from headstart.backbones.base import Backbone


@contextlib.contextmanager
def watched_stages(backbone: Backbone) -> Iterator[list[Tensor]]:
    """A list that is filled, in order, with the activations of one example that the modules of every stage hand on.

    Those alone that gradients lead to.
    """
    kept: list[Tensor] = []

    def keep(module: nn.Module, args: Any, output: Any) -> Tensor | None:
        if not isinstance(output, Tensor) or not output.requires_grad or len(output) != 1:
            return None
        kept.append(output)
        # What follows may change its input in place; it gets a copy, and what is kept stays as it was.
        return output.clone()

    handles = [module.register_forward_hook(keep) for module in stage_modules(backbone)]
    try:
        yield kept
    finally:
        for handle in handles:
            handle.remove()


def stage_modules(backbone: Backbone) -> Iterator[nn.Module]:
    """The largest modules whose parameters and buffers all belong to one stage."""
    stage_of = {
        name: place for place, stage in enumerate(backbone.stages()) for name in (*stage.parameters, *stage.buffers)
    }

    def walk(module: nn.Module, prefix: str) -> Iterator[nn.Module]:
        names = [prefix + name for name in (*dict(module.named_parameters()), *dict(module.named_buffers()))]
        stages = {stage_of[name] for name in names if name in stage_of}
        if len(stages) == 1:
            yield module
        elif stages:
            for name, child in module.named_children():
                yield from walk(child, f"{prefix}{name}.")

    return walk(backbone, "")
