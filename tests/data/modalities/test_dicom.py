"""DICOM files become the picture that a doctor sees; expected pixels are computed by hand from the standard."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headstart.data.modalities.image import Image
from scans import pydicom, write_dicom

IMAGE = Image()
ROW = np.array([[0, 100, 200, 300]], np.uint16)


def decoded(path: Path) -> np.ndarray:
    return np.asarray(IMAGE.decode(path), dtype=np.float64)


def test_rescale_then_window(tmp_path: Path) -> None:
    """PS3.3 C.11.2.1.2.1: with centre c and width w, y = ((x - (c - 0.5)) / (w - 1) + 0.5) * 255, cut off.

    x = 2 * stored - 100 = -100, 100, 300, 500; c = 200.5, w = 401: y = ((x - 200) / 400 + 0.5) * 255.
    """
    tags = {"RescaleSlope": 2, "RescaleIntercept": -100, "WindowCenter": 200.5, "WindowWidth": 401}
    expected = [[0, 0.25 * 255, 0.75 * 255, 255]]
    np.testing.assert_allclose(decoded(write_dicom(tmp_path / "a.dcm", ROW, **tags)), expected, atol=1e-3)
    inverted = write_dicom(tmp_path / "b.dicom", ROW, **tags, PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_allclose(decoded(inverted), 255 - np.array(expected), atol=1e-3)


def test_of_several_windows_the_first(tmp_path: Path) -> None:
    several = write_dicom(tmp_path / "a.dcm", ROW, WindowCenter=[150.5, 10], WindowWidth=[301, 2])
    np.testing.assert_allclose(decoded(several), ROW / 300 * 255, atol=1e-3)


def test_an_exact_window_and_one_of_no_width(tmp_path: Path) -> None:
    """LINEAR_EXACT: y = (x - c) / w + 0.5. A width of nought shows nothing, so it counts as no window."""
    exact = write_dicom(tmp_path / "a.dcm", ROW, WindowCenter=100, WindowWidth=200, VOILUTFunction="LINEAR_EXACT")
    np.testing.assert_allclose(decoded(exact), [[0, 127.5, 255, 255]], atol=1e-3)
    none = write_dicom(tmp_path / "b.dcm", ROW, WindowCenter=100, WindowWidth=0)
    np.testing.assert_allclose(decoded(none), decoded(write_dicom(tmp_path / "c.dcm", ROW)))


def test_a_table_goes_before_a_window(tmp_path: Path) -> None:
    table = pydicom.Dataset()
    table.LUTDescriptor, table.LUTData = [4, 0, 8], [255, 128, 64, 0]
    table["LUTDescriptor"].VR, table["LUTData"].VR = "US", "US"
    stored = np.array([[0, 1, 2, 3]], np.uint16)
    path = write_dicom(tmp_path / "a.dcm", stored, VOILUTSequence=[table], WindowCenter=1, WindowWidth=2)
    np.testing.assert_allclose(decoded(path), [[255, 128, 64, 0]], atol=1e-3)


def test_without_a_window_two_percentiles_are_black_and_white(tmp_path: Path) -> None:
    """0 … 1000 in equal steps: 0.5 % lies at 5, 99.5 % at 995; padding takes no part and is black."""
    stored = np.append(np.arange(1001, dtype=np.int16), np.full(1001, -2000, np.int16))[None]
    found = decoded(write_dicom(tmp_path / "a.dcm", stored, PixelPaddingValue=-2000))[0]
    np.testing.assert_allclose(found[:1001], np.clip((np.arange(1001) - 5) / 990, 0, 1) * 255, atol=1e-3)
    assert not found[1001:].any()


def test_eight_bits_keep_their_range(tmp_path: Path) -> None:
    stored = np.array([[10, 100, 200]], np.uint8)
    picture = IMAGE.decode(write_dicom(tmp_path / "a.dcm", stored))
    assert picture.mode == "L"
    np.testing.assert_array_equal(np.asarray(picture), stored)


def test_colours(tmp_path: Path) -> None:
    """YBR_FULL of PS3.3 C.7.6.3.1.2: R = Y + 1.402 (Cr - 128), B = Y + 1.772 (Cb - 128)."""
    stored = np.array([[[200, 10, 20], [0, 255, 0]]], np.uint8)
    np.testing.assert_array_equal(decoded(write_dicom(tmp_path / "a.dcm", stored)), stored)
    ybr = np.array([[[100, 128, 128], [100, 128, 178]]], np.uint8)
    found = decoded(write_dicom(tmp_path / "b.dcm", ybr, PhotometricInterpretation="YBR_FULL"))
    np.testing.assert_allclose(found[0, 0], [100, 100, 100], atol=1)
    np.testing.assert_allclose(found[0, 1], [100 + 1.402 * 50, 100 - 0.714 * 50, 100], atol=1)


def test_a_palette(tmp_path: Path) -> None:
    tags: dict[str, Any] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for name, table in {"Red": [0, 65535], "Green": [0, 0], "Blue": [65535, 0]}.items():
        tags[f"{name}PaletteColorLookupTableDescriptor"] = [2, 0, 16]
        tags[f"{name}PaletteColorLookupTableData"] = np.array(table, "<u2").tobytes()
    found = decoded(write_dicom(tmp_path / "a.dcm", np.array([[0, 1]], np.uint8), **tags))
    np.testing.assert_array_equal(found, [[[0, 0, 255], [255, 0, 0]]])


def test_of_several_frames_the_middle_one_and_parts_for_learning(tmp_path: Path) -> None:
    stored = np.arange(40, dtype=np.uint8)[:, None, None].repeat(6, 1).repeat(5, 2)
    path = write_dicom(tmp_path / "clip.dcm", stored, NumberOfFrames=40)
    assert decoded(path).shape == (6, 5)
    assert decoded(path)[0, 0] == 20
    first, *others = IMAGE.parts(path)
    assert first == path
    places = [decoded(other)[0, 0] for other in others]
    assert len(others) == 8
    assert places == sorted(places)
    assert 4 <= places[0] < 8
    assert 32 <= places[-1] < 36
    assert len({IMAGE.fingerprint(part) for part in (first, *others)}) == 9
    assert all(IMAGE.problem(part) is None for part in others)
    single = write_dicom(tmp_path / "one.dcm", stored[0])
    assert IMAGE.parts(single) == [single]


def test_enhanced_files_keep_the_window_with_the_frame(tmp_path: Path) -> None:
    def item(**values: Any) -> Any:
        made = pydicom.Dataset()
        for name, value in values.items():
            setattr(made, name, value)
        return made

    rescale = item(RescaleSlope=1, RescaleIntercept=-100, RescaleType="HU")
    groups = [item(FrameVOILUTSequence=[item(WindowCenter=centre, WindowWidth=201)]) for centre in (0.5, 100.5)]
    path = write_dicom(
        tmp_path / "ct.dcm", np.full((2, 1, 4), 150, np.uint16), NumberOfFrames=2,
        SharedFunctionalGroupsSequence=[item(PixelValueTransformationSequence=[rescale])],
        PerFrameFunctionalGroupsSequence=groups,
    )  # fmt: skip
    # The middle of two frames is the second: x = 50, (50 - 100) / 200 + 0.5 = 0.25.
    np.testing.assert_allclose(decoded(path), 0.25 * 255, atol=1e-3)


def test_every_trouble_is_a_sentence(tmp_path: Path, make: Any) -> None:
    whole = write_dicom(tmp_path / "whole.dcm", np.zeros((64, 64), np.uint16)).read_bytes()
    report = write_dicom(tmp_path / "report.dcm", np.zeros((1, 1), np.uint8))
    data = pydicom.dcmread(report)
    del data.PixelData
    data.SOPClassUID = pydicom.uid.BasicTextSRStorage
    data.save_as(report)
    lossless = write_dicom(tmp_path / "lossless.dcm", np.zeros((8, 8), np.uint8))
    data = pydicom.dcmread(lossless)
    data.file_meta.TransferSyntaxUID = pydicom.uid.MPEG4HP41
    data.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8 no pixels"])
    data["PixelData"].is_undefined_length = True
    data.save_as(lossless)
    cases = {
        make.write(tmp_path / "empty.dcm", b""): "empty (0 bytes)",
        make.write(tmp_path / "cut.dcm", whole[: len(whole) // 2]): "cut short",
        make.write(tmp_path / "stub.dcm", whole[:200]): "cut short",
        make.write(tmp_path / "page.dcm", "<html>not found</html>" * 20): "none of",
        report: "Basic Text SR",
        lossless: "MPEG-4",
        tmp_path / "absent.dcm": "no such file",
    }
    for path, words in cases.items():
        assert words in str(IMAGE.problem(path)), path
        with pytest.raises(ValueError, match=re.escape(words)):
            IMAGE.decode(path)
    assert IMAGE.problem(tmp_path / "whole.dcm") is None


def test_a_bomb_is_refused_before_its_pixels(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "bomb.dcm", np.zeros((2, 2), np.uint8), Rows=60000, Columns=60000)
    assert "decompression bomb" in str(IMAGE.problem(path))


def test_the_owner_is_the_patient_else_the_study_and_is_told_to_nobody(tmp_path: Path) -> None:
    pixels = np.zeros((2, 2), np.uint8)
    one = IMAGE.owner(write_dicom(tmp_path / "a.dcm", pixels, "PID-1"))
    assert one == IMAGE.owner(write_dicom(tmp_path / "b.dcm", pixels, "PID-1"))
    assert one != IMAGE.owner(write_dicom(tmp_path / "c.dcm", pixels, "PID-2"))
    assert one
    assert "PID-1" not in one
    study = IMAGE.owner(write_dicom(tmp_path / "d.dcm", pixels, "", StudyInstanceUID="1.2.3"))
    assert study == IMAGE.owner(write_dicom(tmp_path / "e.dcm", pixels, "", StudyInstanceUID="1.2.3"))
    assert study != one
    assert IMAGE.owner(tmp_path / "absent.dcm") is None
    assert IMAGE.owner(np.zeros((2, 2), np.uint8)) is None


def test_an_identifier_that_breaks_the_rules_is_not_quoted_in_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wrong = {"PatientBirthDate": "never", "StudyInstanceUID": "none.of.yours"}
        paths = [write_dicom(tmp_path / f"{i}.dcm", np.zeros((2, 2), np.uint8), id_, **wrong)
                 for i, id_ in enumerate(("too long " * 10, ""))]  # fmt: skip
    caplog.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert all(IMAGE.owner(path) for path in paths)
        assert all(IMAGE.decode(path) for path in paths)
    assert not caplog.records


def test_bytes_and_files_of_another_ending_are_told_by_content(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "a.dcm", np.array([[10, 20]], np.uint8))
    np.testing.assert_array_equal(np.asarray(IMAGE.decode(path.read_bytes())), [[10, 20]])
    assert IMAGE.fingerprint(path) == IMAGE.fingerprint(path.read_bytes())
    assert IMAGE.size(path) == "2×1"
    assert IMAGE.show(path).startswith("<img")
