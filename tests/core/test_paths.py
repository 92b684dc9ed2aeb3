"""Paths as people write them; names that any format can hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from headstart.core.paths import expanded, legible


def test_the_home_folder_of_somebody_and_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    assert expanded("~/photos") == Path("/home/ann/photos")
    assert expanded("~5 minutes late") == Path("~5 minutes late")
    assert expanded("a/b") == Path("a/b")


def test_names_of_other_bytes_are_spelled_out() -> None:
    assert legible("caf\udce9.jpg") == r"caf\udce9.jpg"
    assert legible("café") == "café"
    assert legible(["caf\udce9", "b"]) == [r"caf\udce9", "b"]
    assert legible({"kind": "\udcff", "count": 3}) == {"kind": r"\udcff", "count": 3}
    assert legible(7) == 7
