"""Miniature models beside the files that hold them: each is made once in a test run, and handed out as a copy."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

_made: dict[str, tuple[Any, dict[str, bytes]]] = {}


def kept(folder: Path, key: object, make: Callable[[Path], Any]) -> Any:
    """A copy of the model that `make` gives, and in `folder` the files that it writes to the one it is called with.

    What it made for the same `key`, told by its ``repr``, is taken again. Random numbers begin anew before it is
    called and when it is done, so that what follows does not depend on who asked first.
    """
    if repr(key) not in _made:
        torch.manual_seed(0)
        with tempfile.TemporaryDirectory(prefix="headstart-kept-") as place:
            model = make(Path(place))
            files = [path for path in Path(place).rglob("*") if path.is_file()]
            _made[repr(key)] = model, {str(path.relative_to(place)): path.read_bytes() for path in files}
    model, contents = _made[repr(key)]
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    torch.manual_seed(0)
    return copy.deepcopy(model)
