"""NIfTI volumes become short stacks of slices, upright whatever way they were stored."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headstart.data.checks import identified
from headstart.data.modalities.image import Image
from scans import write_nifti

IMAGE = Image()


def steps(count: int = 11) -> np.ndarray:
    """(8, 6, count) float32: every slice has one value, from 0 to 1."""
    return np.broadcast_to(np.linspace(0, 1, count, dtype=np.float32), (8, 6, count)).copy()


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_the_middle_slice_and_its_neighbours_are_the_channels(tmp_path: Path, name: str) -> None:
    picture = IMAGE.decode(write_nifti(tmp_path / name, steps(), (1, 1, 5)))
    assert (picture.mode, picture.size) == ("RGB", (8, 6))
    # The percentiles of eleven equal steps are the first and the last, so slice k is grey k / 10 of 255.
    np.testing.assert_allclose(np.asarray(picture)[2, 3], [255 * k / 10 for k in (4, 5, 6)], atol=0.5)


def test_slices_lie_across_the_thickest_side(tmp_path: Path) -> None:
    turned = np.moveaxis(steps(), 2, 0)  # (11, 8, 6)
    picture = IMAGE.decode(write_nifti(tmp_path / "a.nii", turned, (4, 1, 1)))
    assert picture.size == (8, 6)
    np.testing.assert_allclose(np.asarray(picture)[2, 3], [255 * k / 10 for k in (4, 5, 6)], atol=0.5)


def test_stored_the_other_way_round_it_looks_the_same(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(8, 6, 5)).astype(np.float32)
    straight = IMAGE.decode(write_nifti(tmp_path / "a.nii", values, (1, 1, 2)))
    affine = np.diag([-1.0, 1, 2, 1])
    affine[0, 3] = 7
    flipped = IMAGE.decode(write_nifti(tmp_path / "b.nii", values[::-1], affine=affine))
    np.testing.assert_array_equal(np.asarray(straight), np.asarray(flipped))


def test_parts_are_spread_over_the_middle(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "a.nii.gz", steps(101), (1, 1, 5))
    first, *others = IMAGE.parts(path)
    assert first == path
    middles = [int(np.asarray(IMAGE.decode(part))[0, 0, 1]) for part in others]
    assert len(others) == 8
    assert middles == sorted(set(middles))
    assert 25 <= middles[0] < 60
    assert 195 < middles[-1] <= 230
    few = write_nifti(tmp_path / "b.nii", steps(3), (1, 1, 5))
    assert len(IMAGE.parts(few)) == 3


def test_a_series_in_time_is_its_first_volume(tmp_path: Path) -> None:
    later = np.stack([steps(), np.zeros((8, 6, 11), np.float32)], axis=3)
    first = IMAGE.decode(write_nifti(tmp_path / "a.nii", steps(), (1, 1, 5)))
    series = IMAGE.decode(write_nifti(tmp_path / "b.nii", later, affine=np.diag([1, 1, 5, 1.0])))
    np.testing.assert_array_equal(np.asarray(series), np.asarray(first))


def test_one_slice_is_grey_and_no_number_is_black(tmp_path: Path) -> None:
    values = np.array([[[1.0], [2.0]], [[np.nan], [3.0]]], np.float32)
    picture = IMAGE.decode(write_nifti(tmp_path / "a.nii", values))
    assert picture.mode == "L"
    assert np.asarray(picture).min() == 0
    assert np.asarray(picture).max() == 255


def test_every_trouble_is_a_sentence(tmp_path: Path, make: Any) -> None:
    whole = write_nifti(tmp_path / "whole.nii.gz", steps()).read_bytes()
    plain = gzip.decompress(whole)
    cases = {
        make.write(tmp_path / "empty.nii", b""): "empty (0 bytes)",
        make.write(tmp_path / "cut.nii.gz", whole[: len(whole) // 2]): "cut short",
        make.write(tmp_path / "cut.nii", plain[: len(plain) // 2]): "cut short",
        make.write(tmp_path / "page.nii", "<html>not found</html>" * 20): "none of",
        make.write(tmp_path / "text.nii.gz", gzip.compress(b"hello" * 200)): "none of",
        write_nifti(tmp_path / "flat.nii", np.zeros((4, 4), np.float32)): "no volume",
        tmp_path / "absent.nii.gz": "no such file",
    }
    for path, words in cases.items():
        assert words in str(IMAGE.problem(path)), path
        with pytest.raises(ValueError, match=re.escape(words)):
            IMAGE.decode(path)
        assert IMAGE.parts(path) == [path]
    assert IMAGE.problem(tmp_path / "whole.nii.gz") is None


def test_bytes_are_read_too(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "a.nii.gz", steps())
    np.testing.assert_array_equal(np.asarray(IMAGE.decode(path.read_bytes())), np.asarray(IMAGE.decode(path)))


def test_slices_of_one_file_are_told_apart_where_their_content_is_read_ahead(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "a.nii", steps(40), (1, 1, 5))
    parts = IMAGE.parts(path)
    seen = [identified(IMAGE, part) for part in parts]
    assert len({digest for _, digest in seen}) == len(parts) == 9
    assert [digest for _, digest in seen] == [IMAGE.fingerprint(part) for part in parts]
    for part, (content, _) in zip(parts, seen, strict=True):
        np.testing.assert_array_equal(np.asarray(IMAGE.decode(content)), np.asarray(IMAGE.decode(part)))
