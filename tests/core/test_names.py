"""Names of classes: read from words and files, and told from numbers and codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headstart.core.errors import InputError, UsageError
from headstart.core.names import Name, are_words, check_known, read_names


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["Sports", "World"], True),
        (["card_arrival", "Refund_not_showing_up"], True),
        (["0", "1"], False),
        (["n01440764", "n01443537"], False),
        (["class 1", "class 2"], False),
        (["yes", "no"], False),
        (["голос", "музыка"], True),
        (["体育", "财经"], True),
        (["甲", "乙"], False),
        (["खेल", "हिंदी"], True),
        (["விளையாட்டு", "பணம்"], True),
        (["ếạ", "ộự"], False),
        (["up", "down"], False),
        ([], False),
    ],
)
def test_words_are_told_from_numbers_and_codes(labels: list[str], words: bool) -> None:
    assert are_words(labels) is words


def test_a_label_is_read_as_words_and_a_description_as_it_stands() -> None:
    assert Name("card_arrival").words == "card arrival"
    assert Name("SciTech").words == "Sci Tech"
    assert Name("Sci/Tech").words == "Sci Tech"
    assert Name("x_1", "a_thing that arrives").words == "a_thing that arrives"
    assert Name("x_1", "YouTube on an iPhone").words == "YouTube on an iPhone"


def test_names_in_words_lists_and_mappings() -> None:
    assert read_names('a, "b, and c" ,d') == [Name("a"), Name("b, and c"), Name("d")]
    assert read_names(["a", {"name": "b", "description": "two"}]) == [Name("a"), Name("b", "two")]
    assert read_names({"a": "one", "b": None}) == [Name("a", "one"), Name("b")]
    assert read_names("only", fewest=1) == [Name("only")]


FILES = {
    "heading.csv": "name,description\na,the first\nb,\n",
    "no_heading.csv": "a,the first\nb\n",
    "tabs.tsv": "label\tmeaning\na\tthe first\nb\t\n",
    "plain.json": json.dumps([{"name": "a", "description": "the first"}, "b"]),
    "object.json": json.dumps({"a": "the first", "b": ""}),
}


@pytest.mark.parametrize("file", FILES)
def test_names_in_files(file: str, tmp_path: Path) -> None:
    (tmp_path / file).write_text(FILES[file], encoding="utf-8")
    assert read_names(str(tmp_path / file)) == [Name("a", "the first"), Name("b")]


def test_a_name_on_each_line(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("\ufeffa\n\nb, and more\n", encoding="utf-8")
    assert read_names(tmp_path / "names.txt") == [Name("a"), Name("b, and more")]


def test_labels_on_lines_as_a_shell_hands_them_over() -> None:
    assert read_names("a\n\nb, c\n") == [Name("a"), Name("b"), Name("c")]


def test_a_table_as_some_spreadsheets_write_it(tmp_path: Path) -> None:
    """With semicolons, with or without a heading; commas are then part of a text."""
    for heading in ("name;description\n", ""):
        (tmp_path / "s.csv").write_text(f"{heading}E11;diabetes, type 2\nI10;pressure\n", encoding="utf-8")
        assert read_names(tmp_path / "s.csv") == [Name("E11", "diabetes, type 2"), Name("I10", "pressure")]


def test_a_description_on_several_lines_stays_words(tmp_path: Path) -> None:
    (tmp_path / "lines.csv").write_text('name,description\na,"first\nsecond"\nb,\n', encoding="utf-8")
    assert read_names(tmp_path / "lines.csv") == [Name("a", "first second"), Name("b")]


def test_a_file_of_another_ending_is_no_label(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("labels.jsonl", "labels", "my,labels"):
        (tmp_path / name).write_text("a\nb\n", encoding="utf-8")
        with pytest.raises(InputError, match=r"labels\S* is a file, and labels are read from \.csv"):
            read_names(name, fewest=1)
    (tmp_path / "my,own.txt").write_text("a\nb\n", encoding="utf-8")
    assert read_names("my,own.txt") == [Name("a"), Name("b")]


def test_all_mistakes_are_told_together() -> None:
    with pytest.raises(UsageError) as error:
        read_names("a,,a")
    assert "'a' stands there 2 times" in str(error.value)
    assert "empty" in str(error.value)
    with pytest.raises(UsageError, match="too few"):
        read_names("a")


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("a.json", "{", "not JSON"),
        ("b.json", "3", "neither a list"),
        ("c.json", '[{"title": "x"}]', "item 1: has no name"),
        ("d.json", '{"Sports": 3}', r"d\.json: the description of 'Sports' is no text but 3"),
        ("e.json", '["x", {"name": "y", "text": ["z"]}]', "item 2: the description of 'y' is no text"),
        ("h.json", '["x", null]', "item 2: None is no label"),
        ("i.json", '["x", ["y"]]', r"item 2: \['y'\] is no label"),
        ("j.json", '{"a": "x", "a": "y"}', "'a' stands there more than once"),
        ("k.csv", "name,description\na,one\nb,two, and more\n", "k.csv, line 3: 3 cells where there are 2 columns"),
        ("l.csv", "a,one\nb,two, and more\n", "l.csv, line 2: 3 cells"),
        ("m.csv", "name,description\na,one\n,two\n", "m.csv, line 3: the name is empty"),
        ("f.csv", "foo,bar\nWorld,wars and treaties\nSports,matches and cups\n", "'foo', 'bar'.*name,description"),
        ("g.csv", "badlabel,text\nWorld,politics\n", "'badlabel', 'text'.*name,description"),
    ],
)
def test_files_that_hold_no_names(file: str, content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / file).write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_names(tmp_path / file)
    with pytest.raises(InputError, match=r"absent\.csv: the labels cannot be read \(no such file or directory\)"):
        read_names(tmp_path / "absent.csv")
    (tmp_path / "latin.txt").write_bytes("Größe\nFarbe\n".encode("latin-1"))
    with pytest.raises(InputError, match="not UTF-8"):
        read_names(tmp_path / "latin.txt")


def test_labels_of_examples_must_be_among_the_names() -> None:
    check_known(["a"], [Name("a"), Name("b")])
    with pytest.raises(UsageError, match=r"'sport'.*Did you mean 'sports'"):
        check_known(["sport", "a"], [Name("a"), Name("sports")])
