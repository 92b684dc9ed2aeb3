"""Near copies of pictures lie in one split wherever headstart divides, and a split that was given stays as it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import headstart
from diagnosis.made import pictures
from headstart.core.progress import Progress
from headstart.core.spec import FitSpec
from headstart.core.timing import Stopwatch
from headstart.experiment import keeping_together
from headstart.experiment.material import Material, find, prepare

QUIET = Progress(quiet=True)
COPIED = 12


def write(folder: Path, copies: str = "") -> None:
    """Forty pictures of two classes, and of twelve a copy that is mirrored, smaller, cropped or compressed."""
    for number, made in enumerate(pictures(40, side=120)):
        grey = np.clip(128 + 40 * made / made.std(), 0, 255).astype(np.uint8)
        picture, name = Image.fromarray(grey).convert("RGB"), "ab"[number % 2]
        (folder / name).mkdir(parents=True, exist_ok=True)
        picture.save(folder / name / f"{number:02}.png")
        if number < COPIED:
            changed = [
                picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
                picture.resize((70, 70)),
                picture.crop((3, 3, 117, 117)),
                picture,
            ][number % 4]
            other = Path(copies or folder) / name
            other.mkdir(parents=True, exist_ok=True)
            changed.save(other / f"copy{number:02}.jpg", quality=70)


def divided(data: Path, seed: int = 0, split: str = "given") -> Material:
    spec = FitSpec(data, seed=seed, split=split)
    return prepare(find(spec, QUIET), spec, Stopwatch(), QUIET)


def torn(material: Material) -> list[str]:
    """The copies that lie in another split than what they are copies of."""
    rows = material.split
    where = {
        Path(material.examples.ids[row]).stem: number
        for number, part in enumerate((rows.train, rows.validation, rows.test))
        for row in part
    }
    return [name for name, number in where.items() if "copy" in name and where[name[4:]] != number]


@pytest.mark.parametrize("seed", range(3))
def test_our_own_split_tears_no_near_copies_apart(seed: int, tmp_path: Path) -> None:
    write(tmp_path / "data")
    assert torn(divided(tmp_path / "data", seed)) == []


@pytest.mark.parametrize("backbone", ["none", "local/tiny_resnet"])
def test_a_check_has_nothing_to_say_against_it(backbone: str, at_hand: Path) -> None:
    write(at_hand / "data")
    found = headstart.check(at_hand / "data", backbone=backbone, quiet=True)
    assert "leakage" not in {finding.diagnosis for finding in found}
    assert sum(len(finding.examples) for finding in found if finding.diagnosis == "duplicates") == 2 * COPIED


def test_a_split_that_was_given_is_kept_and_reported_until_it_is_to_be_drawn_anew(at_hand: Path) -> None:
    write(at_hand / "data" / "train", at_hand / "data" / "test")
    material = divided(at_hand / "data")
    assert {Path(material.examples.ids[row]).parts[0] for row in material.split.test} == {"test"}
    leaked = [f for f in headstart.check("data", backbone="none", quiet=True) if f.diagnosis == "leakage"]
    assert max(len(finding.examples) for finding in leaked) == COPIED
    assert torn(divided(at_hand / "data", split="anew")) == []


def test_what_was_found_once_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "data")
    monkeypatch.setenv("HEADSTART_CACHE", str(tmp_path / "cache"))
    first = divided(tmp_path / "data").checked.alike
    monkeypatch.setattr(keeping_together, "near_families", None)  # to look again would fail
    assert divided(tmp_path / "data").checked.alike == first
