"""A series of DICOM files, or a NIfTI volume, becomes one example that shows neighbouring slices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headstart.core.errors import InputError, UsageError
from headstart.core.slices import SliceStack
from headstart.data.checks import identified
from headstart.data.examples import Examples
from headstart.data.modalities.image import Image
from headstart.data.read import read
from headstart.data.readers.base import Request
from headstart.data.stacks import stacked
from scans import write_dicom, write_nifti

IMAGE = Image()
LYING = [1, 0, 0, 0, 1, 0]


def write_series(folder: Path, count: int, series: str, patient: str = "PID-1", **tags: Any) -> list[Path]:
    """Slices of 6 × 8 pixels, the k-th of value 10 k and at k millimetres, in files whose names run backwards."""
    made = []
    for place in range(count):
        own = {
            "SeriesInstanceUID": series,
            "ImagePositionPatient": [3, 4, place],
            "ImageOrientationPatient": LYING,
            "InstanceNumber": 100 - place,
            **tags,
        }
        path = folder / f"{count - place:03d}.dcm"
        made.append(write_dicom(path, np.full((6, 8), 10 * place, np.uint8), patient, **own))
    return made


def values(stack: SliceStack) -> list[float]:
    """The value of the first pixel in every slice."""
    return np.asarray(stack)[0, 0].tolist()


def examples_of(paths: list[Path], targets: list[str] | None = None, **columns: Any) -> Examples:
    return Examples("image", paths, [path.name for path in paths], targets, source="scans", **columns)


def test_slices_of_a_series_lie_in_the_order_of_their_positions(tmp_path: Path) -> None:
    found = stacked(examples_of(write_series(tmp_path, 7, "1.2.3")), IMAGE, 3)
    assert len(found) == 1
    assert found.ids == ["007.dcm and 6 more"]
    picture = IMAGE.decode(found.references[0])
    assert isinstance(picture, SliceStack)
    assert picture.size == (8, 6)
    assert values(picture) == [20, 30, 40]
    assert [values(IMAGE.decode(part))[1] for part in IMAGE.parts(found.references[0])] == [30, 10, 20, 40, 50]


@pytest.mark.parametrize("left_out", ["ImagePositionPatient", "ImageOrientationPatient"])
def test_without_positions_they_lie_in_the_order_of_their_numbers(tmp_path: Path, left_out: str) -> None:
    paths = write_series(tmp_path, 5, "1.2.3", **{left_out: None})
    found = stacked(examples_of(paths), IMAGE, 5)
    assert values(IMAGE.decode(found.references[0])) == [40, 30, 20, 10, 0]  # numbers run the other way


def test_at_an_end_the_last_slice_stands_for_those_beyond(tmp_path: Path) -> None:
    found = stacked(examples_of(write_series(tmp_path, 2, "1.2.3")), IMAGE, 5)
    assert values(IMAGE.decode(found.references[0])) == [0, 0, 10, 10, 10]


def test_series_and_folders_are_told_apart_and_frames_of_one_file_are_slices(tmp_path: Path) -> None:
    one, other = write_series(tmp_path / "a", 3, "1.2.3"), write_series(tmp_path / "b", 3, "1.2.3")
    mixed = write_series(tmp_path / "a", 2, "1.2.4", InstanceNumber=None)
    one = [path for path in one if path not in mixed]  # two were written over
    clip = write_dicom(
        tmp_path / "a" / "clip.dcm",
        np.stack([np.full((4, 4), 9 * k, np.uint8) for k in range(5)]),
        NumberOfFrames=5,
        SeriesInstanceUID="1.2.3",
    )
    found = stacked(examples_of([*one, *mixed, *other, clip]), IMAGE, 3)
    assert [len(reference.paths) for reference in found.references] == [len(one), 2, 3, 1]
    assert values(IMAGE.decode(found.references[-1])) == [9, 18, 27]
    assert found.notes[-1] == f"Stacks of 3 slices: 4 volumes of {len(one) + 6} files."


def test_a_nifti_volume_shows_as_many_slices_as_are_asked_for(tmp_path: Path) -> None:
    steps = np.broadcast_to(np.linspace(0, 1, 11, dtype=np.float32), (8, 6, 11)).copy()
    path = write_nifti(tmp_path / "a.nii.gz", steps, (1, 1, 5))
    for count in (1, 3, 7):
        found = stacked(examples_of([path]), IMAGE, count)
        half = count // 2
        picture = IMAGE.decode(found.references[0])
        np.testing.assert_allclose(values(picture), [25.5 * k for k in range(5 - half, 6 + half)], atol=0.5)
        seen = [identified(IMAGE, part)[1] for part in IMAGE.parts(found.references[0])]
        assert len(set(seen)) == len(seen) == 9


def test_neighbours_are_shown_on_one_scale_where_there_is_no_window(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for place in range(3):
        pixels = (random.integers(0, 100, (40, 40)) + 1000 * place).astype(np.uint16)
        write_dicom(tmp_path / f"{place}.dcm", pixels, SeriesInstanceUID="1.2.3", InstanceNumber=place, BitsStored=12)
    found = stacked(examples_of(sorted(tmp_path.glob("*.dcm"))), IMAGE, 3)
    means = np.asarray(IMAGE.decode(found.references[0])).mean(axis=(0, 1))
    np.testing.assert_allclose(means, [255 * each / 2100 for each in (50, 1050, 2050)], atol=3)


@pytest.mark.parametrize("rescaled", [0, 1, 2])
def test_a_slice_that_leaves_eight_bits_changes_the_scale_of_all(tmp_path: Path, rescaled: int) -> None:
    """0, 50 and 100 in turn, of which the slice that is rescaled has 0, 200 and 400: 400 of all 300 values is white.

    The 99.5th percentile of 300 values, of which 33 are 400, is 400; so 50 lies at 50 / 400 * 255.
    """
    pixels = np.resize(np.array([0, 50, 100], np.uint8), (10, 10))
    for place in range(3):
        slope = {"RescaleSlope": 4, "RescaleIntercept": 0} if place == rescaled else {}
        write_dicom(tmp_path / f"{place}.dcm", pixels, SeriesInstanceUID="1.2.3", InstanceNumber=place, **slope)
    found = stacked(examples_of(sorted(tmp_path.glob("*.dcm"))), IMAGE, 3)
    seen = np.asarray(IMAGE.decode(found.references[0]))
    for place in range(3):
        expected = (4 if place == rescaled else 1) * pixels.astype(float) / 400 * 255
        np.testing.assert_allclose(seen[..., place], expected, atol=1e-3)


def test_what_a_stack_cannot_be_is_said_by_file(tmp_path: Path) -> None:
    paths = write_series(tmp_path, 3, "1.2.3")
    with pytest.raises(InputError, match=r"001\.dcm: its target is b, that of 003\.dcm in the same series a"):
        stacked(examples_of(paths, ["a", "a", "b"]), IMAGE, 3)
    with pytest.raises(InputError, match="its split is test"):
        stacked(examples_of(paths, ["a", "a", "a"], splits=["train", "test", "train"]), IMAGE, 3)
    with pytest.raises(UsageError, match="an odd number of slices from 1 to 31"):
        stacked(examples_of(paths), IMAGE, 4)
    with pytest.raises(InputError, match="no DICOM series and no NIfTI volume"):
        stacked(Examples("image", [np.zeros((4, 4), np.uint8)], ["a"]), IMAGE, 3)
    write_dicom(paths[0], np.zeros((9, 9), np.uint8), SeriesInstanceUID="1.2.3", InstanceNumber=1)
    found = stacked(examples_of(paths), IMAGE, 3)
    assert "differ in size (8×6 and 9×9 pixels)" in (IMAGE.problem(found.references[0]) or "")
    paths[1].write_bytes(paths[1].read_bytes()[:-20])
    assert "damaged or cut short" in (IMAGE.problem(stacked(examples_of(paths[1:]), IMAGE, 3).references[0]) or "")


@pytest.mark.parametrize("tag", ["TemporalPositionIdentifier", "AcquisitionNumber"])
def test_time_points_of_a_series_are_volumes_of_their_own(tmp_path: Path, tag: str) -> None:
    paths = []
    for time in (1, 2):
        for path in write_series(tmp_path / "made", 3, "1.2.3", **{tag: time}):
            paths.append(path.rename(tmp_path / f"{time}-{path.name}"))
    found = stacked(examples_of(paths), IMAGE, 3)
    assert [{path.name[0] for path in each.paths} for each in found.references] == [{"1"}, {"2"}]
    assert [values(IMAGE.decode(each)) for each in found.references] == [[0, 10, 20]] * 2


def test_an_acquisition_for_each_slice_divides_no_volume(tmp_path: Path) -> None:
    paths = write_series(tmp_path, 3, "1.2.3")
    for number, path in enumerate(paths):
        own = {"ImagePositionPatient": [0, 0, number], "ImageOrientationPatient": LYING, "AcquisitionNumber": number}
        write_dicom(path, np.full((6, 8), number, np.uint8), SeriesInstanceUID="1.2.3", **own)
    assert len(stacked(examples_of(paths), IMAGE, 3)) == 1


def test_slices_at_one_place_are_named_where_nothing_tells_them_apart(tmp_path: Path) -> None:
    paths = write_series(tmp_path, 2, "1.2.3")
    tags = {"SeriesInstanceUID": "1.2.3", "ImageOrientationPatient": LYING, "InstanceNumber": 7}
    other = write_dicom(tmp_path / "other.dcm", np.zeros((6, 8), np.uint8), ImagePositionPatient=[0, 0, 1.0], **tags)
    with pytest.raises(InputError, match=r"other\.dcm: it lies where 001\.dcm of the same series does"):
        stacked(examples_of([*paths, other]), IMAGE, 3)
    assert len(stacked(examples_of([*paths]), IMAGE, 3)) == 1


def test_a_slice_that_is_listed_twice_is_named(tmp_path: Path) -> None:
    paths = write_series(tmp_path, 2, "1.2.3")
    copy = tmp_path / "copy.dcm"
    copy.write_bytes(paths[0].read_bytes())
    with pytest.raises(InputError, match=r"copy\.dcm: it is the same slice as 002\.dcm"):
        stacked(examples_of([*paths, copy]), IMAGE, 3)
    twice = Examples("image", [*paths, paths[1]], [f"scans.csv row {row}" for row in (2, 3, 4)], source="scans.csv")
    with pytest.raises(InputError, match=r"scans\.csv row 4: it is the same slice as scans\.csv row 3"):
        stacked(twice, IMAGE, 3)


def test_missing_targets_of_a_series_agree(tmp_path: Path) -> None:
    paths, missing = write_series(tmp_path, 3, "1.2.3"), float("nan")
    assert len(stacked(examples_of(paths, [missing, np.float64("nan"), missing]), IMAGE, 3)) == 1
    with pytest.raises(InputError, match="its target is nan"):
        stacked(examples_of(paths, [1.5, missing, 1.5]), IMAGE, 3)


def test_coloured_slices_make_no_stack(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "a.dcm", np.zeros((4, 4, 3), np.uint8))
    assert "the slices are coloured" in (IMAGE.problem(stacked(examples_of([path]), IMAGE, 3).references[0]) or "")


def test_a_folder_of_classes_is_read_by_series(tmp_path: Path) -> None:
    for case in range(4):
        write_series(tmp_path / ("ill", "well")[case % 2] / f"case{case}", 3, f"1.2.{case}", f"PID-{case}")
    found = read(Request(tmp_path, stack=3))
    assert len(found) == 4
    assert sorted(found.targets or []) == ["ill", "ill", "well", "well"]
    assert found.ids[0] == "ill/case0/003.dcm and 2 more"
    assert len(read(Request(tmp_path))) == 12
