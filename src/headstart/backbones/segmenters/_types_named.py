"""Types of modules by their names, where a library has them and we do not import them."""

from __future__ import annotations

from collections.abc import Collection

from torch import nn


def types_named(module: nn.Module, names: Collection[str]) -> tuple[type[nn.Module], ...]:
    """The types among the modules of `module` that are called as one of `names`."""
    return tuple({type(part) for part in module.modules() if type(part).__name__ in names})
