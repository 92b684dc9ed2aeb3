"""Finds plug-ins by listing their folder: the file name is the plug-in's name."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from headstart.core.errors import UsageError, nearest

ROOT = Path(__file__).resolve().parents[1]


def plug_in_name(of: type) -> str:
    """The name of the plug-in whose class this is: that of its file."""
    return of.__module__.rpartition(".")[2]


class Registry:
    """The plug-ins of one kind: files of a folder, and entry points of other packages.

    Parameters
    ----------
    package : dotted name of the plug-in folder, e.g. ``headstart.strategies``; also the entry-point group.
    kind : what a person calls one of them, e.g. ``strategy``.

    The folder is listed without importing anything; a file is imported when it is asked for by name.
    A plug-in ``snake_case.py`` holds the class ``SnakeCase``. ``base.py`` and ``_parts.py`` are no plug-ins.
    """

    def __init__(self, package: str, kind: str) -> None:
        self.package, self.kind = package, kind

    @property
    def _files(self) -> frozenset[str]:
        return _plug_ins_in(ROOT.joinpath(*self.package.split(".")[1:]))

    def _entry_points(self) -> dict[str, importlib.metadata.EntryPoint]:
        # Reading every installed package's metadata takes longer than some fits: once is enough for one search path.
        return _points_of(self.package, importlib.metadata.entry_points, tuple(sys.path))

    def names(self) -> list[str]:
        """Names of all plug-ins, sorted; those whose dependency is missing too."""
        return sorted(self._files | set(self._entry_points()))

    def is_own(self, name: str) -> bool:
        """Whether the plug-in is a file of this folder, not another package's."""
        return name in self._files

    def load(self, name: str) -> Any:
        """The plug-in class called `name`.

        Raises
        ------
        UsageError : no such plug-in; the message lists all and offers the nearest.
        MissingDependency : its library is not installed.
        """
        if name not in self.names():
            raise UsageError(
                f"There is no {self.kind} {name!r}.{nearest(name, self.names())} "
                f"Available: {', '.join(self.names())}."
            )
        found = self.import_file(name)
        return getattr(found, class_name(name)) if isinstance(found, ModuleType) else found

    def import_file(self, name: str) -> Any:
        """The module of a plug-in of this folder; for another package's, whatever its entry point names."""
        if name in self._files:
            return importlib.import_module(f"{self.package}.{name}")
        return self._entry_points()[name].load()


@lru_cache(maxsize=64)
def _plug_ins_in(folder: Path) -> frozenset[str]:
    """Names of the plug-in files in `folder`, which do not change while a process runs."""
    return frozenset(path.stem for path in folder.glob("*.py") if path.stem != "base" and path.stem[0] != "_")


@lru_cache(maxsize=64)
def _points_of(
    group: str, look: Callable[..., importlib.metadata.EntryPoints], search_path: tuple[str, ...]
) -> dict[str, importlib.metadata.EntryPoint]:
    return {point.name: point for point in look(group=group)}


def class_name(name: str) -> str:
    """``fine_tuning`` → ``FineTuning``."""
    return "".join(part.capitalize() for part in name.split("_"))
