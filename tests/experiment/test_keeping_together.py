"""Near copies of pictures lie in one split wherever headstart divides, and a split that was given stays as it is.

What a drawn test split alone would hold is learnt from.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import headstart
from diagnosis.made import pictures
from headstart.core.errors import InputError
from headstart.core.progress import Progress
from headstart.core.spec import FitSpec
from headstart.core.timing import Stopwatch
from headstart.experiment import keeping_together
from headstart.experiment.material import Material, find, prepare
from small_world import PROBE, texts

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


def rare_labels(count: int) -> tuple[list[str], list[list[str]]]:
    """Texts with a topic each, and all but ten with a label of their own, which no other has."""
    inputs, topics = zip(*texts(count), strict=True)
    return list(inputs), [[topic, f"own{i}"] if i >= 10 else [topic] for i, topic in enumerate(topics)]


def test_labels_of_one_example_are_learnt_and_the_fit_ends(at_hand: Path) -> None:
    model = headstart.fit(rare_labels(60), backbone="tiny_bert", strategy=PROBE[1], quiet=True)
    assert model.result.task == "multi_label"
    assert model.result.examples.test > 0
    assert {f"own{i}" for i in range(10, 60)} < set(model.labels)


def test_what_belongs_with_such_an_example_is_moved_with_it() -> None:
    inputs, targets = rare_labels(60)
    groups = [f"group {i % 30}" for i in range(60)]  # the ten without a label of their own beside one that has
    spec = FitSpec((inputs, targets))
    found = find(spec, QUIET)
    found = replace(found, examples=replace(found.examples, groups=groups))
    material = prepare(found, spec, Stopwatch(), QUIET)
    where = [{groups[row] for row in part} for part in (material.split.train, material.split.validation)]
    tested = {groups[row] for row in material.split.test}
    assert not tested & (where[0] | where[1])
    assert sum(map(len, (material.split.train, material.split.validation, material.split.test))) == 60
    assert not material.task.problems(inputs, material.targets(np.arange(60)))
    assert any("of the test split are learnt from after all" in note for note in material.split.notes)


def test_boxes_of_a_class_in_one_picture_are_learnt(tmp_path: Path) -> None:
    random, folder = np.random.default_rng(0), tmp_path / "boxes"
    (folder / "images").mkdir(parents=True)
    (folder / "labels").mkdir()
    for number in range(10):
        noise = random.integers(0, 256, (40, 40, 3), np.uint8)
        Image.fromarray(noise).save(folder / "images" / f"{number}.png")
        crowded = 12 * ["1 0.5 0.5 0.2 0.2"] if number == 3 else []  # more boxes than the other class has
        (folder / "labels" / f"{number}.txt").write_text("\n".join(["0 0.2 0.2 0.2 0.2", *crowded]))
    (folder / "classes.txt").write_text("often\nonce\n")
    materials = (divided(folder, seed) for seed in range(40))
    material = next(each for each in materials if "are learnt from after all" in "".join(each.split.notes))
    assert material.task.labels == ["often", "once"]
    assert 0 < len(material.split.test) < 2
    material.task.encode(material.targets(material.split.test))


def test_a_given_test_split_with_what_cannot_be_learnt_is_refused_at_once(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for number in range(24):
        path = tmp_path / "data" / ("train", "test")[number % 4 == 3] / "abc"[2 if number in (0, 4) else number % 2]
        path.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (40, 40, 3), np.uint8)).save(path / f"{number}.png")
    for broken in (0, 4):
        (tmp_path / "data" / "train" / "c" / f"{broken}.png").write_bytes(b"no picture")
    (tmp_path / "data" / "test" / "b").rename(tmp_path / "data" / "test" / "c")
    with pytest.raises(InputError, match="'c' was not among"):
        divided(tmp_path / "data")
