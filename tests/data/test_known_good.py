"""Inputs that stood the check once are not decoded again, whatever their name; everything else is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headstart.core.progress import Progress
from headstart.data import known_good
from headstart.data.checks import check
from headstart.data.examples import Examples
from headstart.data.known_good import KnownGood
from headstart.data.modalities.image import Image


class CountingImage(Image):
    """Counts how often it is asked to look for damage."""

    def __init__(self) -> None:
        self.looked: list[str] = []

    def problem(self, reference: Any) -> str | None:
        self.looked.append(Path(reference).name)
        return super().problem(reference)


def looked_at(paths: list[Path], known: KnownGood) -> tuple[list[str], list[str], int]:
    """Names that were decoded, the fingerprints, and how many were set aside."""
    modality = CountingImage()
    ids = [path.name for path in paths]
    found = check(Examples("image", paths, ids), modality, Progress(quiet=True), known)
    return sorted(modality.looked), found.fingerprints, len(found.set_aside)


def test_only_new_content_is_decoded(tmp_path: Path, make: Any) -> None:
    known = KnownGood(tmp_path / "known")
    paths = [make.picture(tmp_path / f"{i}.png", seed=i) for i in range(12)]
    first = looked_at(paths, known)
    assert first[0] == sorted(path.name for path in paths)
    assert looked_at(paths, known) == ([], first[1], 0)
    moved = paths[0].rename(tmp_path / "moved.png")
    make.picture(paths[1], seed=99)
    paths[2].write_bytes(paths[2].read_bytes()[:200])
    names, _, set_aside = looked_at([moved, *paths[1:]], known)
    assert names == ["1.png", "2.png"]
    assert set_aside == 1
    assert looked_at([moved, *paths[1:]], known)[0] == ["2.png"]  # what is damaged is looked at each time


def test_another_way_of_checking_looks_again(tmp_path: Path, make: Any) -> None:
    known = KnownGood(tmp_path / "known")
    path = make.picture(tmp_path / "a.png")
    fingerprint = Image().fingerprint(path)
    known.add("older rules", [fingerprint])
    assert fingerprint in known.of("older rules")
    assert looked_at([path], known)[0] == ["a.png"]


def test_the_oldest_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_good, "MOST", 3)
    known = KnownGood(tmp_path)
    known.add("rules", [f"{i:032x}" for i in range(3)])
    known.add("rules", [f"{7:032x}"])
    assert list(known.of("rules")) == [f"{i:032x}" for i in (1, 2, 7)]


def test_a_torn_file_loses_one_digest(tmp_path: Path) -> None:
    known = KnownGood(tmp_path)
    known.add("rules", [f"{i:032x}" for i in range(3)])
    (file,) = tmp_path.glob("*")
    file.write_bytes(file.read_bytes()[:-5])
    assert list(known.of("rules")) == [f"{i:032x}" for i in range(2)]


def test_what_cannot_be_written_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "known").write_text("a file where the folder should be")
    known = KnownGood(tmp_path / "known")
    known.add("rules", [f"{1:032x}"])
    assert known.of("rules") == {}


def test_clearing_forgets_everything(tmp_path: Path) -> None:
    known = KnownGood(tmp_path)
    known.add("rules", [f"{1:032x}"])
    assert known.clear() == 16
    assert known.of("rules") == {}
