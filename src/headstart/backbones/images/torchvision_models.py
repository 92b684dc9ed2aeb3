"""torchvision's classifiers, imported without PyTorch's compiler, which takes five times as long and serves none."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["models"]

_COMPILER = "torch._dynamo.utils"
_ASKED = "is_compile_supported"


class _Later(ModuleType):
    """Stands for the compiler's module meanwhile: the one function that a detection operator imports comes when it
    is called, and whatever else may be asked comes from the real module at once."""

    def __getattr__(self, name: str) -> Any:
        if name == _ASKED:
            return _is_compile_supported
        if name.startswith("__"):
            raise AttributeError(name)
        _make_way()
        return getattr(import_module(_COMPILER), name)


def _is_compile_supported(device_type: str) -> bool:
    return getattr(import_module(_COMPILER), _ASKED)(device_type)


def _make_way() -> None:
    """What is imported from now on is the real module."""
    if isinstance(sys.modules.get(_COMPILER), _Later):
        del sys.modules[_COMPILER]


@contextlib.contextmanager
def _compiler_later() -> Iterator[None]:
    sys.modules.setdefault(_COMPILER, _Later(_COMPILER))
    try:
        yield
    finally:
        _make_way()


with _compiler_later():
    from torchvision import models
