"""Imports an optional library, or says which extra installs it."""

from __future__ import annotations

import importlib
from types import ModuleType

from headstart.core.errors import MissingDependency


def require(module: str, extra: str, purpose: str) -> ModuleType:
    """The imported `module`.

    Raises
    ------
    MissingDependency : it is not installed; the message says ``pip install 'headstart[extra]'`` and for what.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependency(
            f"{purpose} needs {module.split('.')[0]!r}, which is not installed: pip install 'headstart[{extra}]'"
        ) from error
