"""Inputs that were looked at once are not decoded again, whatever their name; everything else is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from headstart.core.progress import Progress
from headstart.core.timing import Stopwatch
from headstart.data.checks import Checked, check
from headstart.data.examples import Examples
from headstart.data.modalities.base import Look
from headstart.data.modalities.image import Image
from headstart.data.modalities.text import Text
from headstart.experiment.looks import KeptLooks
from headstart.frozen.store import FrontierStore


class CountingImage(Image):
    """Counts how often it is asked for a look."""

    def __init__(self) -> None:
        self.looked: list[str] = []
        self.names: dict[bytes, str] = {}

    def read(self, reference: Any) -> Any:
        content = super().read(reference)
        if isinstance(reference, Path):
            self.names[content] = reference.name
        return content

    def look(self, reference: Any) -> Look:
        self.looked.append(self.names[reference])
        return super().look(reference)


def checked(paths: list[Path], modality: Image, store: FrontierStore | None) -> tuple[Checked, KeptLooks]:
    examples, looked = Examples("image", paths, [path.name for path in paths]), KeptLooks(store, modality)
    return check(examples, modality, Progress(quiet=True), looked, Stopwatch()), looked


def decoded(paths: list[Path], folder: Path) -> tuple[list[str], list[str], int]:
    """Names that were decoded, the fingerprints, and how many were set aside, by a process of its own."""
    modality = CountingImage()
    found, _ = checked(paths, modality, FrontierStore(folder))
    return sorted(modality.looked), found.fingerprints, len(found.set_aside)


def never(place: int) -> Look:
    raise AssertionError(f"{place} was looked at again")


def picture(path: Path, seed: int) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    PIL.Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    return [picture(tmp_path / f"{i}.png", seed=i) for i in range(12)]


def test_only_new_content_is_decoded(paths: list[Path], tmp_path: Path) -> None:
    store = tmp_path / "store"
    first = decoded(paths, store)
    assert first[0] == sorted(path.name for path in paths)
    assert decoded(paths, store) == ([], first[1], 0)
    moved = paths[0].rename(tmp_path / "moved.png")
    picture(paths[1], seed=99)
    paths[2].write_bytes(paths[2].read_bytes()[:200])
    names, _, set_aside = decoded([moved, *paths[1:]], store)
    assert names == ["1.png", "2.png"]
    assert set_aside == 1
    assert decoded([moved, *paths[1:]], store)[0] == ["2.png"]  # what is damaged is looked at each time


def test_another_way_of_looking_looks_again(
    paths: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded(paths, tmp_path / "store")
    monkeypatch.setattr(CountingImage, "looked_by", "a newer library")
    assert len(decoded(paths, tmp_path / "store")[0]) == 12


@pytest.mark.parametrize("kept", ["store", "memory", "no room"])
def test_looks_come_back_in_order_and_the_same(kept: str, paths: list[Path], tmp_path: Path) -> None:
    store = None if kept == "memory" else FrontierStore(tmp_path / "store", limit=1 if kept == "no room" else None)
    found, looked = checked(paths, Image(), store)
    backwards = found.fingerprints[::-1]
    looks = looked.of(backwards, never)
    direct = [Image().look(path) for path in reversed(paths)]
    np.testing.assert_array_equal(looks.sketches, np.stack([look.sketch for look in direct]))
    for name, column in looks.traits.items():
        np.testing.assert_array_equal(column, [look.traits[name] for look in direct])
    assert bool(list((tmp_path / "store").glob("*/segment-*"))) == (kept == "store")


def test_what_another_process_cleared_is_looked_at_again(paths: list[Path], tmp_path: Path) -> None:
    found, looked = checked(paths, Image(), FrontierStore(tmp_path / "store"))
    before = looked.of(found.fingerprints, never)
    for segment in (tmp_path / "store").glob("*/segment-*"):
        segment.rename(tmp_path / segment.name)
    again = looked.of(found.fingerprints, lambda place: Image().look(paths[place]))
    np.testing.assert_array_equal(again.sketches, before.sketches)


def test_texts_are_not_kept_on_disk(tmp_path: Path) -> None:
    looked = KeptLooks(FrontierStore(tmp_path / "store"), Text())
    looked.add(["a", "b"], [Text().look("one"), Text().look("two words")])
    assert "a" in looked
    assert looked.of(["b", "a"], never).traits["words"].tolist() == [2, 1]
    assert looked.of(["b", "a"], never).sketches is None
    assert not list((tmp_path / "store").glob("*/segment-*"))
