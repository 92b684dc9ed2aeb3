"""Imports the package ultralytics: its licence is said before, and nothing that its import changes is left behind."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from types import ModuleType

from headstart.core.errors import MissingDependency
from headstart.core.progress import Progress

PACKAGE, EXTRA, LICENCE = "ultralytics", "ultralytics", "agpl-3.0"

TERMS = (
    "Licence: ultralytics' YOLO is under the AGPL-3.0. Whoever hands on a network of it, or lets others use one over "
    "a network, owes them the whole source under the same licence, unless they have another one from Ultralytics. "
    "What is fitted from it is marked so."
)

_QUIET = {"YOLO_OFFLINE": "true", "YOLO_VERBOSE": "false", "YOLO_AUTOINSTALL": "false"}
"""It asks no server whether there is a network, prints nothing and installs nothing."""

_WITHOUT_A_SCREEN = (
    "Where a library of graphics is missing, put OpenCV without windows in the place of the other: "
    "pip uninstall opencv-python; pip install opencv-python-headless"
)


def part_of_ultralytics(name: str) -> ModuleType:
    """The module `name` of the package, such as ``nn.tasks``. The first time, :data:`TERMS` are said on stderr.

    Raises
    ------
    MissingDependency : it is not installed, or cannot be imported here.
    """
    _open()
    return importlib.import_module(f"{PACKAGE}.{name}")


def is_installed() -> bool:
    """Whether the package is there; imports nothing of it."""
    return importlib.util.find_spec(PACKAGE) is not None


@cache
def _open() -> None:
    if not is_installed():
        raise MissingDependency(
            f"YOLO needs {PACKAGE!r}, which is not installed: pip install 'headstart[{EXTRA}]'. {TERMS}"
        )
    Progress().say(TERMS)
    if PACKAGE in sys.modules:  # the person's own program has it, with settings of its own
        return
    try:
        with _left_as_it_was():
            importlib.import_module(f"{PACKAGE}.nn.tasks")
            importlib.import_module(f"{PACKAGE}.utils").SETTINGS.update(sync=False)
    except (ImportError, OSError) as error:
        raise MissingDependency(f"{PACKAGE} cannot be imported: {error}. {_WITHOUT_A_SCREEN}") from error


@contextlib.contextmanager
def _left_as_it_was() -> Iterator[None]:
    """For an import that writes settings into a folder, and changes variables, warnings, printing and ``torch.save``.

    The settings go into a folder that goes afterwards.
    """
    import numpy as np
    import torch

    save, printing = torch.save, torch._tensor_str.printoptions
    with tempfile.TemporaryDirectory(prefix="headstart-settings-") as folder, contextlib.ExitStack() as kept:
        kept.callback(setattr, torch, "save", save)
        kept.enter_context(_variables({**_QUIET, "YOLO_CONFIG_DIR": folder}))
        kept.enter_context(warnings.catch_warnings())
        kept.enter_context(np.printoptions())
        kept.enter_context(printing())
        yield


@contextlib.contextmanager
def _variables(given: Mapping[str, str]) -> Iterator[None]:
    """Environment variables for the block; afterwards all are as they were."""
    before = dict(os.environ)
    os.environ.update(given)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
