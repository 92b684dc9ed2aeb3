"""Pictures beside their masks: every way they are written, and every mistake named by its file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from boxed_pictures import HEIGHT, WIDTH, voc
from headstart.core.errors import InputError
from headstart.core.masks import Mask
from headstart.data.read import read as read_any
from headstart.data.readers.base import Request
from headstart.data.readers.mask_folders import MaskFolders
from masked_pictures import mask

INDEX = np.array([[0, 1, 1], [2, 2, 255]], np.uint8)


def picture(path: Path, size: tuple[int, int] = (3, 2)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (10, 20, 30)).save(path)


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


@pytest.mark.parametrize("lines", ["", "grass,0,0,0\nroad,200,0,0\n"])
def test_palettes_in_which_a_value_has_two_colours_are_refused(lines: str, tmp_path: Path) -> None:
    pixels = np.array([[0, 1, 1], [1, 0, 0]], np.uint8)
    for name, palette in {"a": [0, 0, 0, 200, 0, 0], "b": [0, 0, 0, 0, 0, 90]}.items():
        picture(tmp_path / "images" / f"{name}.png")
        mask(tmp_path / "masks" / f"{name}.png", pixels, palette)
    if lines:
        (tmp_path / "classes.csv").write_text(lines)
    with pytest.raises(InputError, match=r"1 is the colour 200, 0, 0 in one, and 0, 0, 90 in another .*as RGB"):
        read(tmp_path)
    (tmp_path / "classes.csv").write_text("grass,0\nroad,1\n")  # whoever says what numbers mean is believed
    assert [target.classes().tolist() for target in read(tmp_path).targets] == [pixels.tolist()] * 2
    (tmp_path / "classes.csv").unlink()
    mask(tmp_path / "masks" / "b.png", 0 * pixels, [0, 0, 0, 0, 0, 90])  # a colour that no pixel has
    assert read(tmp_path).targets[0].legend.names == ("0", "1")


def test_greys_and_palettes_among_coloured_masks_are_colours(tmp_path: Path) -> None:
    colours = np.zeros((2, 3, 3), np.uint8)
    colours[0] = [(255, 255, 255), (200, 0, 0), (0, 0, 255)]
    grey = np.array([[255, 255, 0], [0, 0, 0]], np.uint8)
    index = np.array([[1, 1, 1], [0, 0, 0]], np.uint8)
    for name in "abc":
        picture(tmp_path / "images" / f"{name}.png")
    mask(tmp_path / "masks" / "a.png", colours)
    mask(tmp_path / "masks" / "b.png", grey)
    mask(tmp_path / "masks" / "c.png", index, [0, 0, 0, 200, 0, 0])
    targets = read(tmp_path).targets
    assert targets[0].legend.names == ("#000000", "#0000ff", "#c80000", "#ffffff")
    assert [target.classes().tolist() for target in targets] == [
        [[3, 2, 1], [0, 0, 0]],
        [[3, 3, 0], [0, 0, 0]],
        [[2, 2, 2], [0, 0, 0]],
    ]
    assert [target.pixels for target in targets] == [(3, 1, 1, 1, 0), (4, 0, 0, 2, 0), (3, 0, 3, 0, 0)]


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
        pytest.param(f"sky,0\nroad,{'9' * 5000}\n", r"csv line 2: 9{40}… is neither a value nor", id="digits"),
        ("name,value\nsky,-1\nroad,1\n", r"csv line 2: -1 is neither a value nor part of a colour"),
        ("sky,0\nroad,0.5\n", r"csv line 2: 0\.5 is neither a value nor"),
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


def test_a_class_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    mask(tmp_path / "masks" / "a.png", INDEX)
    (tmp_path / "classes.txt").write_bytes(bytes(range(1, 256)))
    with pytest.raises(InputError, match=r"classes\.txt line 1: byte 0 is 0x01, which no text has"):
        read(tmp_path)


def test_numbers_in_the_names_of_classes_are_no_values(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    mask(tmp_path / "masks" / "a.png", INDEX)
    (tmp_path / "classes.txt").write_text("ground\ndose 0.5\nm²\n")
    (target,) = read(tmp_path).targets or []
    assert isinstance(target, Mask)
    assert target.legend.names == ("ground", "dose 0.5", "m²")


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


def pair(root: Path, images: str, masks: str, stems: str, ending: str = "") -> None:
    """Pictures and masks called by single letters, in two folders (perhaps the same) below the root."""
    for stem in stems:
        picture(root / images / f"{stem}.jpg")
        mask(root / masks / f"{stem}{ending}.png", INDEX)


@pytest.mark.parametrize(("masks", "ending"), [("trainannot", ""), ("train_masks", "_mask"), ("train_labels", "_L")])
def test_masks_in_a_folder_named_after_that_of_the_split(tmp_path: Path, masks: str, ending: str) -> None:
    pair(tmp_path, "train", masks, "ab", ending)
    pair(tmp_path, "val", masks.replace("train", "val"), "c", ending)
    examples = read(tmp_path)
    assert dict(zip(examples.ids, examples.splits, strict=True)) == {
        "train/a.jpg": "train", "train/b.jpg": "train", "val/c.jpg": "validation",
    }  # fmt: skip
    assert next(target.path.parent.name for target in examples.targets) == masks


@pytest.mark.parametrize("masks", ["lbl", "SegmentationClassPNG", "annot"])
def test_further_names_of_folders_of_masks(tmp_path: Path, masks: str) -> None:
    pair(tmp_path, "img" if masks == "lbl" else "JPEGImages", masks, "ab")
    assert len(read(tmp_path).targets) == 2


@pytest.mark.parametrize("folder", [".", "train"])
def test_masks_beside_their_pictures_with_a_class_file_there(tmp_path: Path, folder: str) -> None:
    pair(tmp_path, folder, folder, "ab", "_mask")
    (tmp_path / folder / "_classes.csv").write_text("Pixel Value, Class\n0, ground\n1, road\n2, sky\n")
    assert MaskFolders().recognises(tmp_path)
    examples = read(tmp_path)
    assert [Path(id_).name for id_ in examples.ids] == ["a.jpg", "b.jpg"]
    assert examples.targets[0].legend.names == ("ground", "road", "sky")
    assert not examples.notes
    assert examples.targets[0].classes().tolist() == INDEX.tolist()


def test_a_picture_without_a_mask_beside_it_is_named(tmp_path: Path) -> None:
    pair(tmp_path, ".", ".", "ab", "_mask")
    picture(tmp_path / "c.jpg")
    with pytest.raises(InputError, match=r"c\.jpg: this picture has no mask"):
        read(tmp_path)


def test_for_prediction_masks_beside_their_pictures_are_left_out_and_said(tmp_path: Path) -> None:
    pair(tmp_path, ".", ".", "ab", "_mask")
    examples = MaskFolders().read(Request(tmp_path, needs_targets=False))
    assert examples.ids == ["a.jpg", "b.jpg"]
    assert examples.notes == ("Left out, the masks of other files: a_mask.png, b_mask.png.",)


def test_pictures_called_alike_without_masks_are_no_masks(tmp_path: Path) -> None:
    for name in ("a", "a_mask", "b", "c", "d"):
        picture(tmp_path / f"{name}.png")
    assert not MaskFolders().recognises(tmp_path)


@pytest.mark.parametrize("place", ["ImageSets/Segmentation", "ImageSets", "."])
def test_lists_give_the_splits_of_pictures_and_what_none_names_needs_no_mask(tmp_path: Path, place: str) -> None:
    pair(tmp_path, "JPEGImages", "SegmentationClass", "abcd")
    picture(tmp_path / "JPEGImages" / "e.jpg")
    lists = tmp_path / place
    lists.mkdir(parents=True, exist_ok=True)
    (lists / "train.txt").write_text("a\nJPEGImages/b.jpg SegmentationClass/b.png\n")
    (lists / "val.txt").write_text("c\n")
    examples = read(tmp_path)
    assert [id_[11] for id_ in examples.ids] == list("abcd")
    assert examples.splits == ["train", "train", "validation", None]
    assert examples.notes == (
        "In no list of a split, and learnt from: JPEGImages/d.jpg (1 in all).",
        "Left out, in no list, and without a mask: JPEGImages/e.jpg.",
    )


def test_masks_beside_boxes_are_read_where_they_are_asked_for(tmp_path: Path) -> None:
    """As in Pascal VOC: annotations of boxes for all pictures, masks for some."""
    root = voc(tmp_path)
    for stem in "ad":
        mask(root / "SegmentationClass" / f"{stem}.png", np.eye(HEIGHT, WIDTH, dtype=np.uint8))
    (root / "ImageSets" / "Segmentation").mkdir()
    for split, stem in (("train", "a"), ("val", "d")):
        (root / "ImageSets" / "Segmentation" / f"{split}.txt").write_text(stem)
    boxes, masks = read_any(Request(root)), read_any(Request(root, masks=True))
    assert "Masks are there too; --task segmentation reads them." in boxes.notes
    assert "boxes" in boxes.notes[0]
    assert masks.ids == ["JPEGImages/a.png", "JPEGImages/d.png"]
    assert masks.splits == ["train", "validation"]
    assert isinstance(masks.targets[0], Mask)


def test_a_listed_picture_that_is_not_there_is_named_by_line(tmp_path: Path) -> None:
    pair(tmp_path, "images", "masks", "ab")
    (tmp_path / "train.txt").write_text("a\nb\nx.y\n")
    with pytest.raises(InputError, match=r"train\.txt line 3: there is no picture x\.y"):
        read(tmp_path)


@pytest.mark.parametrize("objects", [False, True])
def test_pictures_that_would_share_a_mask_are_named(tmp_path: Path, objects: bool) -> None:
    """With a mask for each name alone, the masks after it would have been those of other pictures."""
    pair(tmp_path, "images", "masks", "ab")
    picture(tmp_path / "images" / "a.png")
    request = Request(tmp_path, masks=not objects, objects=objects)
    with pytest.raises(InputError, match=r"images/a\.png: its name is that of a\.jpg but for ending or capitals"):
        MaskFolders().read(request)
    assert len(MaskFolders().read(Request(tmp_path, needs_targets=False))) == 3


@pytest.mark.parametrize("objects", [False, True])
def test_masks_that_one_picture_would_have_are_named(tmp_path: Path, objects: bool) -> None:
    """The last of them would have been its mask, without a word."""
    pair(tmp_path, "images", "masks", "ab")
    picture(tmp_path / "masks" / "a.jpg")
    told = r"masks/a\.png: its name is that of a\.jpg but for ending or capitals, so one picture has both"
    with pytest.raises(InputError, match=told):
        MaskFolders().read(Request(tmp_path, masks=not objects, objects=objects))


def test_a_text_that_names_no_picture_is_no_list(tmp_path: Path) -> None:
    pair(tmp_path, "images", "masks", "ab")
    (tmp_path / "train.txt").write_text("notes on the training\n")
    assert read(tmp_path).splits is None


def test_255_is_a_class_beside_other_shades_of_grey_and_ignored_beside_numbers(tmp_path: Path) -> None:
    for root, values in (("greys", [0, 128, 255]), ("numbers", [0, 15, 255])):
        picture(tmp_path / root / "images" / "a.png")
        mask(tmp_path / root / "masks" / "a.png", np.array([values, values], np.uint8))
    greys, numbers = (read(tmp_path / root) for root in ("greys", "numbers"))
    assert greys.targets[0].legend.names == ("0", "128", "255")
    assert greys.targets[0].pixels == (2, 2, 2, 0)
    assert "index masks, values 0, 128, 255)" in greys.source
    assert numbers.targets[0].legend.names == ("0", "15")
    assert numbers.targets[0].pixels == (2, 2, 2)
    assert "index masks, values 0, 15, 255 ignored" in numbers.source


def test_masks_of_one_class_alone_teach_nothing(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    mask(tmp_path / "masks" / "a.png", np.array([[1, 1, 255], [1, 255, 1]], np.uint8))
    with pytest.raises(InputError, match=r"every pixel is of one class, 1, or 255, which is ignored.*class file"):
        read(tmp_path)
    assert len(MaskFolders().read(Request(tmp_path, fits=False)).targets) == 1


@pytest.mark.parametrize(
    "text",
    [
        "id,name\n0,layer 0\n1,layer 1\n2,layer 2\n",
        "layer 0,0\nlayer 1,1\nlayer 2,2\n",
        "layer 0\nlayer 1\nlayer 2\n",
        "name; r g b\nlayer 0; 0 0 0\nlayer 1; 9 0 0\nlayer 2; 9 9 9\n",
    ],
)
def test_names_of_classes_may_hold_numbers(tmp_path: Path, text: str) -> None:
    picture(tmp_path / "images" / "a.png")
    mask(tmp_path / "masks" / "a.png", INDEX)
    (tmp_path / "classes.csv").write_text(text)
    assert read(tmp_path).targets[0].legend.names == ("layer 0", "layer 1", "layer 2")


def test_a_value_of_no_class_may_be_called_void(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    mask(tmp_path / "masks" / "a.png", np.array([[0, 1, 11]], np.uint8).repeat(2, 0))
    (tmp_path / "classes.txt").write_text("ground\nroad\n")
    with pytest.raises(InputError, match=r"the value 11 \(add the class, or a line `void,11` .*, or mend the mask\)"):
        read(tmp_path)


def cityscapes(root: Path, split: str, place: str, numbers: np.ndarray, trained: np.ndarray | None = None) -> None:
    """A picture as Cityscapes lays it out, with masks of all forms; `numbers` hold objects from 1,000 on."""
    name = f"{split}/{place}/{place}_000000_000019"
    picture(root / "leftImg8bit" / f"{name}_leftImg8bit.png", numbers.shape[::-1])
    mask(root / "gtFine" / f"{name}_gtFine_instanceIds.png", numbers.astype(np.uint16))
    classes = np.where(numbers >= 1000, numbers // 1000, numbers).astype(np.uint8)
    mask(root / "gtFine" / f"{name}_gtFine_labelIds.png", classes)
    mask(root / "gtFine" / f"{name}_gtFine_color.png", np.stack([classes] * 3 + [classes * 0 + 255], -1))
    (root / "gtFine" / f"{name}_gtFine_polygons.json").write_text("{}")
    if trained is not None:
        mask(root / "gtFine" / f"{name}_gtFine_labelTrainIds.png", trained)


CITY = np.array([[7, 7, 26001], [3, 24000, 26]], np.int64)
"""Road, a car, what nobody is judged by, a person, and cars that are not told apart."""


def test_cityscapes_is_read_as_it_lies_and_its_classes_are_known(tmp_path: Path) -> None:
    cityscapes(tmp_path, "train", "aachen", CITY)
    cityscapes(tmp_path, "val", "lindau", CITY)
    examples = read_any(Request(tmp_path))
    assert examples.splits == ["train", "validation"]
    (target, _) = examples.targets
    assert len(target.legend.names) == 19
    names = np.array([*target.legend.names, *["void"] * (256 - 19)])[target.classes()]
    assert names.tolist() == [["road", "road", "car"], ["void", "person", "car"]]
    assert "19 classes of Cityscapes" in examples.source


def test_the_classes_that_cityscapes_is_trained_with_come_first_where_they_were_written(tmp_path: Path) -> None:
    trained = np.array([[0, 0, 13], [255, 11, 13]], np.uint8)
    cityscapes(tmp_path, "train", "aachen", CITY, trained)
    (target,) = read(tmp_path).targets
    assert target.path.name.endswith("labelTrainIds.png")
    assert target.classes().tolist() == trained.tolist()
    assert target.legend.names[13] == "car"


def test_objects_of_cityscapes_have_their_classes(tmp_path: Path) -> None:
    cityscapes(tmp_path, "train", "aachen", CITY)
    (boxes,) = MaskFolders().read(Request(tmp_path, objects=True)).targets
    assert sorted(box.label for box in boxes) == ["car", "person"]


def test_masks_by_which_nobody_is_judged_are_left_out_and_said(tmp_path: Path) -> None:
    """As those of the test pictures of Cityscapes, whose truth is kept."""
    cityscapes(tmp_path, "train", "aachen", CITY)
    cityscapes(tmp_path, "test", "berlin", np.full((2, 3), 3))
    examples = read(tmp_path)
    assert examples.splits == ["train"]
    assert [
        note for note in examples.notes if "every pixel of their masks is ignored: leftImg8bit/test/berlin" in note
    ]
    cityscapes(tmp_path, "train", "aachen", np.zeros((2, 3), np.int64))
    with pytest.raises(InputError, match="every pixel is ignored"):
        read(tmp_path)


def test_masks_of_packed_volumes_are_found(tmp_path: Path) -> None:
    scans = pytest.importorskip("scans", reason="the extra medical is not installed")
    (tmp_path / "images").mkdir()
    values = np.random.default_rng(0).integers(0, 256, (3, 2, 3), np.uint8)
    scans.write_nifti(tmp_path / "images" / "a.nii.gz", values, (1, 1, 5))
    mask(tmp_path / "masks" / "a.png", INDEX)
    assert [target.path.name for target in read(tmp_path).targets] == ["a.png"]
