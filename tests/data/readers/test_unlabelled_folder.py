"""Loose files serve prediction only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headstart.core.errors import InputError
from headstart.data.readers.base import Request
from headstart.data.readers.unlabelled_folder import UnlabelledFolder


def test_a_folder_and_a_single_file(tmp_path: Path, make: Any) -> None:
    first = make.picture(tmp_path / "a.png")
    make.picture(tmp_path / "b.JPG")
    make.write(tmp_path / "list.txt", "a.png")
    examples = UnlabelledFolder().read(Request(tmp_path, needs_targets=False))
    assert list(examples.ids) == ["a.png", "b.JPG"]
    assert examples.targets is None
    assert "list.txt" in examples.notes[0]
    assert list(UnlabelledFolder().read(Request(str(first), needs_targets=False)).references) == [first]


def test_a_fit_needs_classes(tmp_path: Path, make: Any) -> None:
    make.picture(tmp_path / "a.png")
    with pytest.raises(InputError, match="subfolder of its own"):
        UnlabelledFolder().read(Request(tmp_path))
