"""Thirty broken files of each kind of mask: each a message that names the file, none a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from broken_masks import FORMATS, INDEX, legend
from headstart.core.masks import Mask, read_codes
from headstart.data.read import read
from headstart.data.readers._class_legends import read_class_file
from headstart.data.readers.base import Request
from masked_pictures import mask, picture


@pytest.mark.parametrize(("name", "case"), [(name, case) for name, each in FORMATS.items() for case in each.cases])
def test_a_broken_file_is_named(name: str, case: str, tmp_path: Path) -> None:
    found = FORMATS[name].said_of(case, tmp_path)
    assert FORMATS[name].cases[case][1] in found


@pytest.mark.parametrize("name", FORMATS)
def test_there_are_thirty_of_each_kind_and_the_sound_ones_are_read(name: str, tmp_path: Path) -> None:
    assert len(FORMATS[name].cases) >= 30
    assert all(said for _, said in FORMATS[name].cases.values())
    assert len(read(Request(FORMATS[name].sound(tmp_path), **FORMATS[name].asked))) == 2


@pytest.mark.parametrize("kind", ["float32", "int32", ">u2", "uint16"])
def test_whole_numbers_of_any_depth_are_classes(kind: str, tmp_path: Path) -> None:
    mask(tmp_path / "a.tif", INDEX.astype(kind))
    codes = read_codes(tmp_path / "a.tif")
    assert codes.codes.tolist() == INDEX.tolist()
    assert not codes.coloured
    assert (read_codes(tmp_path / "a.tif", coloured=True).codes == INDEX.astype(int) * 0x010101).all()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("name\nground\nroad\nsky\n", ["ground", "road", "sky"]),
        ("Class Name\nground\nroad\n", ["ground", "road"]),
        ("name,value\nground,0\n", ["ground"]),
        ("red\ngreen\nblue\n", ["red", "green", "blue"]),
        ("class a\nclass b\n", ["class a", "class b"]),
    ],
)
def test_a_header_is_no_class(text: str, names: list[str], tmp_path: Path) -> None:
    (tmp_path / "classes.csv").write_text(text)
    assert [line.name for line in read_class_file(tmp_path / "classes.csv")] == names


def test_a_header_alone_is_no_class_of_objects(tmp_path: Path) -> None:
    root = FORMATS["masks of objects"].sound(tmp_path)
    (root / "classes.txt").write_text("")
    legend("name,value\n")(root)
    with pytest.raises(Exception, match=r"classes\.csv: it names no class"):
        read(Request(root, objects=True))


def test_a_sound_mask_is_a_mask(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.jpg")
    mask(tmp_path / "masks" / "a.png", INDEX)
    assert isinstance((read(Request(tmp_path)).targets or [])[0], Mask)
