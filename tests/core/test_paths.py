"""Paths as people write them; names that any format can hold."""

from __future__ import annotations

from pathlib import Path, PurePath

import pytest

from headstart.core.paths import ending_of, expanded, legible, without_ending


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


@pytest.mark.parametrize(
    ("name", "ending", "rest"),
    [
        ("a/b.PNG", ".png", "a/b"),
        ("scan.IMA", ".ima", "scan"),
        ("ill/1.2.840.78", "", "ill/1.2.840.78"),
        ("IM000001", "", "IM000001"),
        (".hidden", "", ".hidden"),
        ("", "", "."),
    ],
)
def test_a_number_is_no_ending(name: str, ending: str, rest: str) -> None:
    assert ending_of(name) == ending_of(PurePath(name)) == ending
    assert without_ending(PurePath(name)) == PurePath(rest)
