"""Plain text files: lines, or whole files, each with a name that a person finds again."""

from __future__ import annotations

from pathlib import Path

import pytest

from headstart.core.errors import InputError
from headstart.data.read import read
from headstart.data.readers.base import Request


def asked(source: Path, needs_targets: bool = False) -> Request:
    return Request(source, needs_targets=needs_targets)


def test_every_line_with_something_in_it_is_a_text(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text(" one \n\n \nfour\n", encoding="utf-8")
    examples = read(asked(file))
    assert (examples.modality, examples.references) == ("text", ["one", "four"])
    assert examples.ids == ["notes.txt line 1", "notes.txt line 4"]


def test_lines_end_where_an_editor_ends_them(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes("one\u2028still\x85one\fstill\r\ntwo\rthree\n".encode())
    examples = read(asked(file))
    assert examples.references == ["one\u2028still\x85one\fstill", "two", "three"]
    assert examples.ids == ["notes.txt line 1", "notes.txt line 2", "notes.txt line 3"]


def test_every_file_of_a_folder_is_a_text(tmp_path: Path) -> None:
    (tmp_path / "notes" / "may").mkdir(parents=True)
    (tmp_path / "notes" / "a.txt").write_text("one\ntwo\n", encoding="utf-8")
    (tmp_path / "notes" / "may" / "b.TXT").write_text("three", encoding="utf-8")
    examples = read(asked(tmp_path / "notes"))
    assert dict(zip(examples.ids, examples.references, strict=True)) == {"a.txt": "one\ntwo\n", "may/b.TXT": "three"}


def test_mistakes_name_the_file(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("\n \n", encoding="utf-8")
    with pytest.raises(InputError, match=r"notes\.txt: it is empty"):
        read(asked(file))
    file.write_bytes(b"good\nbad \xff\n")
    with pytest.raises(InputError, match=r"notes\.txt line 2"):
        read(asked(file))
    file.write_text("good", encoding="utf-8")
    with pytest.raises(InputError, match="not their targets"):
        read(asked(file, needs_targets=True))
