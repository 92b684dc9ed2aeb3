"""Pictures beside their masks: every way they are written, and every mistake named by its file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headstart.core.errors import InputError
from headstart.data.readers.base import Request
from headstart.data.readers.mask_folders import MaskFolders

INDEX = np.array([[0, 1, 1], [2, 2, 255]], np.uint8)


def picture(path: Path, size: tuple[int, int] = (3, 2)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (10, 20, 30)).save(path)


def mask(path: Path, pixels: np.ndarray, palette: list[int] | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    if palette:
        image.putpalette(palette)
    image.save(path)


def read(root: Path):
    return MaskFolders().read(Request(root))


def test_index_masks_with_255_ignored(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    mask(tmp_path / "masks" / "a.png", INDEX)
    examples = read(tmp_path)
    (target,) = examples.targets
    assert target.legend.names == ("0", "1", "2")
    assert target.classes().tolist() == INDEX.tolist()
    assert target.pixels == (1, 2, 2, 1)
    assert examples.ids == ["images/a.png"]
    assert "index masks, values 0 to 2, 255 ignored" in examples.source


def test_a_palette_is_kept(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    mask(tmp_path / "masks" / "a.png", np.array([[0, 1, 1], [1, 0, 0]], np.uint8), [9, 8, 7, 200, 0, 0])
    legend = read(tmp_path).targets[0].legend
    assert legend.colours == ((9, 8, 7), (200, 0, 0))


def test_colours_are_found_in_a_class_file_and_void_is_ignored(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    colours = np.zeros((2, 3, 3), np.uint8)
    colours[0, 1] = (0, 0, 200)  # blue alone, which as a number is less than 256
    colours[1] = (64, 128, 64)
    mask(tmp_path / "masks" / "a.png", colours)
    (tmp_path / "label_colors.txt").write_text("0 0 0\tVoid\n0 0 200\tLake side\n64 128 64\tTree\n")
    (target,) = read(tmp_path).targets
    assert target.legend.names == ("Lake side", "Tree")
    assert target.classes().tolist() == [[255, 0, 255], [1, 1, 1]]
    assert target.legend.colours == ((0, 0, 200), (64, 128, 64))


def test_colours_without_a_class_file_are_classes_while_they_are_few(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    colours = np.zeros((2, 3, 3), np.uint8)
    colours[0, 0] = (255, 0, 0)
    mask(tmp_path / "masks" / "a.png", colours)
    assert read(tmp_path).targets[0].legend.names == ("#000000", "#ff0000")
    picture(tmp_path / "images" / "b.png", (10, 10))
    mask(tmp_path / "masks" / "b.png", np.random.default_rng(0).integers(0, 255, (10, 10, 3), np.uint8))
    with pytest.raises(InputError, match=r"10\d colours and there is no class file"):
        read(tmp_path)


def test_0_and_255_are_background_and_foreground(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    mask(tmp_path / "masks" / "a_mask.png", np.array([[0, 255, 255], [0, 0, 0]], np.uint8))
    (target,) = read(tmp_path).targets
    assert target.legend.names == ("background", "foreground")
    assert target.classes().tolist() == [[0, 1, 1], [0, 0, 0]]


@pytest.mark.parametrize("layout", ["{split}/{kind}", "{kind}/{split}"])
def test_splits_lie_outside_or_inside(tmp_path: Path, layout: str) -> None:
    for split in ("train", "val", "test"):
        picture(tmp_path / layout.format(split=split, kind="images") / f"{split}.png")
        mask(tmp_path / layout.format(split=split, kind="masks") / f"{split}.png", INDEX)
    examples = read(tmp_path)
    assert MaskFolders().recognises(tmp_path)
    assert list(examples.splits) == ["train", "validation", "test"]
    assert [target.path.stem for target in examples.targets] == ["train", "val", "test"]


def test_every_mistake_is_named_by_its_file_all_together(tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("sky\nroad\n")
    for name in ("good", "alone", "small", "outside", "torn", "jpeg"):
        picture(tmp_path / "images" / f"{name}.png")
    fine = np.array([[0, 1, 1], [1, 0, 255]], np.uint8)
    mask(tmp_path / "masks" / "good.png", fine)
    mask(tmp_path / "masks" / "orphan.png", fine)
    mask(tmp_path / "masks" / "small.png", fine[:, :2])
    mask(tmp_path / "masks" / "outside.png", fine + 7 * (fine == 1).astype(np.uint8))
    mask(tmp_path / "masks" / "jpeg.jpg", fine)
    mask(tmp_path / "masks" / "torn.png", fine)
    content = (tmp_path / "masks" / "torn.png").read_bytes()
    (tmp_path / "masks" / "torn.png").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError) as caught:
        read(tmp_path)
    said = str(caught.value)
    for file, what in {
        "images/alone.png": "no mask", "masks/orphan.png": "no picture", "masks/small.png": "2×2 pixels",
        "masks/outside.png": "3 pixels are of no class of the class file, e.g. the value 8",
        "masks/torn.png": "cannot be read", "masks/jpeg.jpg": "JPEG",
    }.items():  # fmt: skip
        assert any(file in line and what in line for line in said.splitlines()), (file, said)
    assert "good" not in said


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "names no class"),
        ("sky,1,2\n", "2 numbers"),
        ("sky,300,0,0\n", "300"),
        ("1,2,3\n", "without a name"),
        ("sky\nsky\n", "twice"),
        ("sky,1,2,3\nroad,1,2,3\n", "colour 1, 2, 3 stands there twice"),
    ],
)
def test_a_broken_class_file_is_said_by_line(tmp_path: Path, text: str, what: str) -> None:
    picture(tmp_path / "images" / "a.png")
    mask(tmp_path / "masks" / "a.png", INDEX)
    (tmp_path / "classes.csv").write_text(text)
    with pytest.raises(InputError, match=what) as caught:
        read(tmp_path)
    assert "classes.csv" in str(caught.value)


def test_prediction_needs_no_masks(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    picture(tmp_path / "images" / "b.png")
    mask(tmp_path / "masks" / "a.png", INDEX)
    examples = MaskFolders().read(Request(tmp_path, needs_targets=False))
    assert examples.targets is None
    assert len(examples) == 2


@pytest.mark.parametrize(("name", "count", "classes"), [("camvid", 352, 12), ("crackforest", 118, 2)])
def test_real_sets_are_read_with_their_splits(shared: Path, name: str, count: int, classes: int) -> None:
    folder = shared / "data" / name
    if not folder.is_dir():
        pytest.skip(f"the set {name} is not here")
    examples = read(folder)
    assert len(examples) == count
    assert len(examples.targets[0].legend.names) == classes
    assert {"train", "test"} <= set(examples.splits)
