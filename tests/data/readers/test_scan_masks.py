"""Masks in medical files, NIfTI label volumes and DICOM: at the slice that is shown, and never taken for a class."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from headstart.core.boxes import Boxes
from headstart.core.errors import InputError
from headstart.core.masks import Mask
from headstart.data.examples import Examples
from headstart.data.modalities.image import Image as Pictures
from headstart.data.read import read
from headstart.data.readers.base import Request

scans = pytest.importorskip("scans", reason="the extra medical is not installed")

SIDES = (14, 10, 5)
"""Voxels of a volume: left to right, back to front, bottom to top; slices lie along the last side."""

RAS = np.diag([1.0, 1.0, 3.0, 1.0])
LPS = np.diag([-1.0, -1.0, 3.0, 1.0])
SAGITTAL = np.array([[0, 0, 1, 0], [1, 0, 0, 0], [0, 3, 0, 0], [0, 0, 0, 1.0]])
"""What a step along each side of an array does: stored from front to back, bottom to top, left to right."""


def block(place: int = 2, size: int = 3) -> np.ndarray:
    """A label volume: 1 in a block of the slice at `place` and of the one above, 2 in a voxel of its corner."""
    labels = np.zeros(SIDES, np.uint8)
    labels[1 : 1 + size, 5 : 5 + size, place : place + 2] = 1
    labels[1, 5, place : place + 2] = 2
    return labels


def volume(labels: np.ndarray, seed: int = 0) -> np.ndarray:
    """Noise from 0 to 99, by 150 lighter where there is a label."""
    noise = np.random.default_rng(seed).integers(0, 100, labels.shape)
    return (noise + 150 * (labels > 0)).astype(np.int16)


def both(root: Path, name: str = "a", labels: np.ndarray | None = None, affine: Any = RAS) -> None:
    """A volume in ``images/`` and its label volume in ``masks/``."""
    labels = block() if labels is None else labels
    scans.write_nifti(root / "images" / f"{name}.nii.gz", volume(labels, len(name)), affine=affine)
    scans.write_nifti(root / "masks" / f"{name}.nii.gz", labels, affine=affine)


def masks_of(examples: Examples) -> list[Mask]:
    assert all(isinstance(target, Mask) for target in examples.targets or [])
    return list(examples.targets or [])


def said(root: Path, **asked: Any) -> str:
    with pytest.raises(InputError) as raised:
        read(Request(root, **asked))
    return str(raised.value)


@pytest.mark.parametrize("affine", [RAS, LPS, SAGITTAL], ids=["RAS", "LPS", "sagittal"])
def test_a_label_volume_lies_on_the_slice_that_is_shown(affine: np.ndarray, tmp_path: Path) -> None:
    labels = block()
    if affine is SAGITTAL:
        labels = labels.transpose(1, 2, 0)
    both(tmp_path, labels=labels, affine=affine)
    examples = read(Request(tmp_path))
    (target,) = masks_of(examples)
    assert target.size == SIDES[:2]
    assert target.pixels == (140 - 9, 8, 1, 0)
    picture = np.asarray(Pictures().decode(examples.references[0]))[..., 1]
    np.testing.assert_array_equal(target.classes() > 0, picture > 140)
    # by hand: x runs to the right and y upwards where the axes do, the other way where they do not
    row, column = (4, 1) if affine is not LPS else (5, 12)
    assert target.classes()[row, column] == 2
    assert examples.ids == ["images/a.nii.gz"]
    assert "index masks, values 0 to 2" in examples.source
    assert any("middle slice" in note for note in examples.notes)


def test_the_middle_slice_alone_says_which_classes_there_are(tmp_path: Path) -> None:
    both(tmp_path, "a", block(0))
    both(tmp_path, "b")
    assert [target.pixels for target in masks_of(read(Request(tmp_path)))] == [(140, 0, 0, 0), (131, 8, 1, 0)]


def test_a_series_in_time_has_masks_of_its_first_volume(tmp_path: Path) -> None:
    scans.write_nifti(tmp_path / "images" / "a.nii", np.stack([volume(block())] * 3, axis=3), affine=RAS)
    scans.write_nifti(tmp_path / "masks" / "a.nii", block()[..., None], affine=RAS)
    assert masks_of(read(Request(tmp_path)))[0].pixels == (131, 8, 1, 0)


def test_whole_numbers_that_a_program_stored_as_shares_are_whole(tmp_path: Path) -> None:
    both(tmp_path)
    image = scans.nibabel.Nifti1Image(block() / 1.0, RAS)
    image.set_data_dtype(np.int16)
    image.to_filename(tmp_path / "masks" / "a.nii.gz")
    assert (scans.nibabel.load(tmp_path / "masks" / "a.nii.gz").get_fdata() % 1).any()
    assert masks_of(read(Request(tmp_path)))[0].pixels == (131, 8, 1, 0)


def test_a_mask_may_run_through_the_body_in_another_order_if_it_lies_where_its_picture_does(tmp_path: Path) -> None:
    both(tmp_path)
    expected = masks_of(read(Request(tmp_path)))[0].classes().tolist()
    there = LPS.copy()
    there[:2, 3] = SIDES[0] - 1, SIDES[1] - 1
    scans.write_nifti(tmp_path / "masks" / "a.nii.gz", block()[::-1, ::-1], affine=there)
    assert masks_of(read(Request(tmp_path)))[0].classes().tolist() == expected
    forgotten = RAS.copy()
    forgotten[:3, 3] = 40, -50, 60
    scans.write_nifti(tmp_path / "masks" / "a.nii.gz", block(), affine=forgotten)
    assert masks_of(read(Request(tmp_path)))[0].classes().tolist() == expected


def decathlon(root: Path, ending: str = "", labels: Any = None) -> Path:
    for name in ("liver_0", "liver_1"):
        both(root, name)
        (root / "images" / f"{name}.nii.gz").rename(root / "images" / f"{name}{ending}.nii.gz")
    (root / "images").rename(root / "imagesTr")
    (root / "masks").rename(root / "labelsTr")
    scans.write_nifti(root / "imagesTs" / f"liver_2{ending}.nii.gz", volume(block()), affine=RAS)
    if labels is not None:
        (root / "dataset.json").write_text(labels if isinstance(labels, str) else json.dumps({"labels": labels}))
    return root


NUMBERED = {"0": "background", "1": "liver", "2": "tumour"}


@pytest.mark.parametrize("labels", [None, NUMBERED, {name: int(value) for value, name in NUMBERED.items()}])
@pytest.mark.parametrize("ending", ["", "_0000"])
def test_the_medical_segmentation_decathlon_as_it_lies(ending: str, labels: Any, tmp_path: Path) -> None:
    examples = read(Request(decathlon(tmp_path, ending, labels)))
    assert examples.ids == [f"imagesTr/liver_{number}{ending}.nii.gz" for number in (0, 1)]
    assert examples.splits is None
    assert "Left out, without masks: imagesTs." in examples.notes
    names = masks_of(examples)[0].legend.names
    assert names == (tuple(NUMBERED.values()) if labels else ("0", "1", "2"))


def test_labels_of_the_test_part_are_the_test_split(tmp_path: Path) -> None:
    decathlon(tmp_path)
    scans.write_nifti(tmp_path / "labelsTs" / "liver_2.nii.gz", block(), affine=RAS)
    assert read(Request(tmp_path)).splits == ["train", "train", "test"]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "dataset.json: it is empty"),
        ("{", "dataset.json: it is no JSON"),
        ('{"labels": ["a"]}', "dataset.json: its 'labels' are no object"),
        ('{"labels": {"whole": [1, 2]}}', r"dataset.json: its label 'whole': \[1, 2\] is no class"),
        ('{"labels": {"0": "a", "1": "a"}}', "dataset.json: the name a stands there twice"),
        ('{"labels": {"a": 0, "b": 300}}', "dataset.json: its label 'b': 300 is no class"),
        ('{"labels": {"0": "background", "1": "liver"}}', r"labelsTr/liver_0.nii.gz: 1 pixels are of no class"),
    ],
)
def test_a_broken_list_of_classes_is_named(content: str, what: str, tmp_path: Path) -> None:
    decathlon(tmp_path, labels=content)
    with pytest.raises(InputError, match=what):
        read(Request(tmp_path))


def test_dicom_masks_are_their_stored_pixels(tmp_path: Path) -> None:
    """Neither windowed, as their pictures are, nor rescaled."""
    labels = block()[..., 2].T
    for name in ("a", "b"):
        scans.write_dicom(tmp_path / "images" / f"{name}.dcm", volume(labels).astype(np.uint16), BitsStored=12)
        scans.write_dicom(
            tmp_path / "masks" / f"{name}.dcm",
            labels,
            RescaleIntercept=-1024,
            RescaleSlope=1,
            WindowCenter=1,
            WindowWidth=2,
        )
    for target in masks_of(read(Request(tmp_path))):
        assert target.classes().tolist() == labels.tolist()


def test_of_several_frames_the_middle_one_is_masked(tmp_path: Path) -> None:
    labels = block().transpose(2, 1, 0)
    scans.write_dicom(tmp_path / "images" / "a.dcm", volume(labels).astype(np.uint16), NumberOfFrames=5)
    scans.write_dicom(tmp_path / "masks" / "a.dcm", labels, NumberOfFrames=5)
    assert masks_of(read(Request(tmp_path)))[0].classes().tolist() == labels[2].tolist()
    scans.write_dicom(tmp_path / "masks" / "a.dcm", labels[:3], NumberOfFrames=3)
    assert "masks/a.dcm: the mask has 3 frames and its picture 5" in said(tmp_path)
    scans.write_dicom(tmp_path / "masks" / "a.dcm", labels[2])
    assert masks_of(read(Request(tmp_path)))[0].classes().tolist() == labels[2].tolist()


def test_objects_in_a_label_volume(tmp_path: Path) -> None:
    labels = block().astype(np.int16)
    labels[labels == 2] = 700
    both(tmp_path, labels=labels)
    (boxes,) = read(Request(tmp_path, objects=True)).targets or []
    assert isinstance(boxes, Boxes)
    assert [box.corners for box in boxes] == [(1, 2, 4, 5), (1, 4, 2, 5)]
    scans.write_nifti(tmp_path / "images" / "a.nii.gz", volume(labels), affine=RAS @ np.diag([2.0, 1, 1, 1]))
    assert "masks/a.nii.gz: its header puts the voxels of the mask elsewhere" in said(tmp_path, objects=True)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


@pytest.mark.parametrize("objects", [False, True])
def test_every_broken_volume_is_named(objects: bool, tmp_path: Path) -> None:
    fine = block()
    both(tmp_path, "good")
    both(tmp_path, "turned")
    scans.write_nifti(tmp_path / "masks" / "turned.nii.gz", fine, affine=LPS)
    for name, labels in {
        "shallow": fine[..., 1:4], "small": fine[:-2], "fractions": fine / 2, "series": np.stack([fine] * 2, axis=3),
        "below": fine.astype(np.int16) - 3, "flat": fine[..., 2],
    }.items():  # fmt: skip
        both(tmp_path, name)
        scans.write_nifti(tmp_path / "masks" / f"{name}.nii.gz", labels, affine=RAS)
    for name in ("cut", "text", "empty", "alone"):
        both(tmp_path, name)
    masks = tmp_path / "masks"
    cut_short(masks / "cut.nii.gz")
    (masks / "text.nii.gz").write_text("no volume")
    (masks / "empty.nii.gz").write_bytes(b"")
    (masks / "alone.nii.gz").unlink()
    Image.new("RGB", (14, 10), (1, 2, 3)).save(tmp_path / "images" / "photo.png")
    scans.write_nifti(masks / "photo.nii.gz", fine, affine=RAS)
    lines = said(tmp_path, objects=objects).splitlines()
    for name, what in {
        "shallow": "the mask has 14×10×3 voxels and its picture 14×10×5",
        "small": "the mask has 12×10×5 voxels and its picture 14×10×5",
        "turned": "its header puts the voxels of the mask elsewhere",
        "fractions": "its pixels hold 0.5, and those of a mask are whole numbers",
        "series": "it holds 2 volumes", "below": "its pixels hold the number -3",
        "flat": "a NIfTI file of shape 14×10 is no volume", "cut": "damaged or cut short",
        "text": "its content is neither DICOM nor NIfTI", "empty": "its content is neither DICOM nor NIfTI",
        "photo": "it is a volume, and its picture is none",
    }.items():  # fmt: skip
        assert any(f"masks/{name}.nii.gz: " in line and what in line for line in lines), (name, lines)
    assert any("images/alone.nii.gz: this picture has no mask" in line for line in lines)
    assert not any("good" in line for line in lines)


def test_broken_dicom_masks_are_named(tmp_path: Path) -> None:
    labels = block()[..., 2].T
    masks = tmp_path / "masks"
    for name in ("segments", "deep", "cut", "small", "many", "good"):
        scans.write_dicom(tmp_path / "images" / f"{name}.dcm", volume(labels).astype(np.uint16))
        scans.write_dicom(masks / f"{name}.dcm", labels)
    scans.write_dicom(masks / "segments.dcm", labels, SOPClassUID="1.2.840.10008.5.1.4.1.1.66.4")
    scans.write_dicom(masks / "deep.dcm", np.dstack([labels] * 3).astype(np.uint16))
    scans.write_dicom(masks / "small.dcm", labels[:-1])
    scans.write_dicom(masks / "many.dcm", labels.astype(np.uint16) * 300)
    cut_short(masks / "cut.dcm")
    lines = said(tmp_path).splitlines()
    for name, what in {
        "segments": "a DICOM segmentation object (SEG)", "deep": "its pixels are colours of more than 8 bits",
        "small": "the mask has 14×9 pixels and its picture 14×10", "many": "its pixels run to 600",
        "cut": "the DICOM file",
    }.items():  # fmt: skip
        assert any(f"masks/{name}.dcm: {what}" in line for line in lines), (name, lines)
    assert not any("good" in line for line in lines)


@pytest.mark.parametrize("ending", [".nii.gz", ".nii", ".dcm"])
@pytest.mark.parametrize("asked", [False, True])
def test_two_folders_of_scans_and_their_masks_are_no_two_classes(ending: str, asked: bool, tmp_path: Path) -> None:
    for name in ("a", "b"):
        labels = block()
        for folder, values in {"scans": volume(labels), "truth": labels}.items():
            path = tmp_path / folder / f"{name}{ending}"
            if ending == ".dcm":
                scans.write_dicom(path, values[..., 2].T.astype(np.uint16))
            else:
                scans.write_nifti(path, values, affine=RAS)
    found = said(tmp_path, masks=asked)
    assert "'truth' holds masks of the pictures in 'scans', pixel for pixel" in found
    assert "call the folders 'images' and 'masks'" in found


def test_volumes_with_masks_beside_them(tmp_path: Path) -> None:
    for name in ("a", "b"):
        scans.write_nifti(tmp_path / f"{name}.nii.gz", volume(block()), affine=RAS)
        scans.write_nifti(tmp_path / f"{name}_seg.nii.gz", block(), affine=RAS)
    examples = read(Request(tmp_path))
    assert examples.ids == ["a.nii.gz", "b.nii.gz"]
    assert masks_of(examples)[0].pixels == (131, 8, 1, 0)


def test_pictures_without_masks_are_predicted(tmp_path: Path) -> None:
    both(tmp_path)
    assert read(Request(tmp_path, needs_targets=False)).ids == ["images/a.nii.gz"]
