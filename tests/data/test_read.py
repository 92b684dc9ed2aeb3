"""Reading finds the reader, or says what could be handed over instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headstart.core.errors import InputError
from headstart.data.read import read, read_as
from headstart.data.readers import READERS
from headstart.data.readers.base import Request


def mistake(source: Any) -> str:
    with pytest.raises(InputError) as raised:
        read(Request(source))
    return str(raised.value)


def test_finds_the_reader(tmp_path: Path, make: Any) -> None:
    assert read(Request(make.class_folders(tmp_path / "photos", {"cat": 2, "dog": 2}))).modality == "image"
    assert read(Request((["a", "b"], ["x", "y"]))).modality == "text"


def test_the_home_folder(tmp_path: Path, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    make.class_folders(tmp_path / "photos", {"cat": 2, "dog": 2})
    assert len(read(Request("~/photos"))) == 4


def test_a_missing_path_offers_the_nearest_sibling(tmp_path: Path, make: Any) -> None:
    make.class_folders(tmp_path / "photos", {"cat": 2, "dog": 2})
    assert "Did you mean 'photos'?" in mistake(tmp_path / "photoes")
    assert "Did you mean 'photos'?" in mistake(str(tmp_path / "photo" / "train"))


@pytest.mark.parametrize("unset", ["", "  "])
def test_an_empty_path_is_not_the_folder_here(
    tmp_path: Path, make: Any, monkeypatch: pytest.MonkeyPatch, unset: str
) -> None:
    make.class_folders(tmp_path, {"cat": 2, "dog": 2})
    monkeypatch.chdir(tmp_path)
    assert "No data are named: the path is empty." in mistake(unset)
    assert len(read(Request("."))) == len(read(Request(Path()))) == 4


def test_what_cannot_be_read_lists_what_can(tmp_path: Path, make: Any) -> None:
    for source in (tmp_path / "nothing", 7, None, "word " * 5000, make.write(tmp_path / "a.docx", "x")):
        message = mistake(source)
        assert all(READERS.load(name).caption in message for name in READERS.names())


def test_a_finished_model_is_asked_about_rows_of_any_split(tmp_path: Path, make: Any) -> None:
    rows = "good,yes,train\nbad,no,train\nfine,yes,holdout\n"
    table = make.write(tmp_path / "reviews.csv", f"text,label,split\n{rows}")
    assert "row 4: 'holdout' is no split's name" in mistake(table)
    for needs_targets in (True, False):
        assert len(read_as("text", {}, table, needs_targets=needs_targets)) == 3


def test_empty_folders_and_wrong_ones(tmp_path: Path, make: Any) -> None:
    (tmp_path / "empty").mkdir()
    assert "is an empty folder" in mistake(tmp_path / "empty")
    (tmp_path / "hollow" / "cat").mkdir(parents=True)
    assert "holds 1 folders but no files" in mistake(tmp_path / "hollow")
    make.write(tmp_path / "phone" / "a.heic", "x")
    assert "1 × .heic" in mistake(tmp_path / "phone")
    make.write(tmp_path / "tables" / "reviews.csv", "text,label\na,b\n")
    assert "Did you mean" in mistake(tmp_path / "tables")
    assert "reviews.csv?" in mistake(tmp_path / "tables")


def test_a_name_that_is_no_home_folder_is_a_path_that_is_not_there() -> None:
    assert "There is no ~nobody-of-that-name" in mistake("~nobody-of-that-name/photos")


@pytest.mark.parametrize("typo", ["./no/such", "such/photos/", "./such"])
def test_a_path_that_is_not_there_is_no_data_set_of_the_hub(typo: str) -> None:
    assert f"There is no {Path(typo)}" in mistake(typo)


def test_names_of_files_that_are_no_utf8_can_be_written_and_their_files_read(tmp_path: Path, make: Any) -> None:
    photos = make.class_folders(tmp_path / "photos", {"cat": 2, "dog": 2})
    try:
        (photos / "cat" / "0.png").rename(photos / "cat" / "caf\udce9.png")
        (photos / "dog").rename(photos / "do\udcff")
    except OSError:
        pytest.skip("file names are UTF-8 here")
    examples = read(Request(photos))
    assert r"cat/caf\udce9.png" in examples.ids
    assert set(examples.targets or []) == {"cat", r"do\udcff"}
    assert all(Path(reference).is_file() for reference in examples.references)
