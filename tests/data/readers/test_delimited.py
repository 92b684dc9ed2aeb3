"""CSV and TSV: encodings, delimiters, quotes, and rows as a person counts them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headstart.core.errors import InputError
from headstart.data.examples import Examples
from headstart.data.readers.base import Request
from headstart.data.readers.delimited import Delimited

TABLE = "text,label\nso good,yes\nso bad,no\nrather good,yes\nrather bad,no\n"


def read(path: Path, **asked: Any) -> Examples:
    return Delimited().read(Request(path, **asked))


def mistake(path: Path, **asked: Any) -> str:
    with pytest.raises(InputError) as raised:
        read(path, **asked)
    return str(raised.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_that_are_certain(tmp_path: Path, make: Any, encoding: str) -> None:
    examples = read(make.write(tmp_path / "a.csv", TABLE.replace("good", "größe").encode(encoding)))
    assert examples.references == ["so größe", "so bad", "rather größe", "rather bad"]
    assert examples.targets == ["yes", "no", "yes", "no"]
    assert examples.ids[0] == "a.csv row 2"


def test_another_encoding_names_file_row_and_byte(tmp_path: Path, make: Any) -> None:
    # "text,label\n" is 11 bytes and "gr" two more, so the first odd byte is number 13, on row 2.
    message = mistake(make.write(tmp_path / "a.csv", "text,label\ngröße,yes\nfine,no\nübel,no\n".encode("cp1252")))
    assert "a.csv row 2: byte 13 is 0xf6" in message
    assert "größe" in message
    assert "a.csv row 4: byte 29" in message
    assert "row 3" not in message
    assert "iconv -f WINDOWS-1252 -t UTF-8" in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"  \n\n", "is empty"),
        (b"\xef\xbb\xbf", "is empty but for a byte-order mark"),
        (b"\xef\xbb\xbf\n", "is empty but for a byte-order mark"),
        (b"text,label\n", "holds no rows under its heading, 'text', 'label': is it a table in text?"),
        ("text,label\na,b\n".encode("utf-16-le"), "NUL"),
        (b"PK\x03\x04rest of a workbook", "Excel"),
        (b"\xff\xfe\x00", "byte 2"),
        (b"text,text\na,b\n", "several columns are called 'text'"),
    ],
)
def test_files_that_are_no_tables(tmp_path: Path, make: Any, content: bytes, words: str) -> None:
    assert words in mistake(make.write(tmp_path / "a.csv", content))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_of_a_csv_is_found(tmp_path: Path, make: Any, delimiter: str) -> None:
    examples = read(make.write(tmp_path / "a.csv", TABLE.replace(",", delimiter)))
    assert examples.targets == ["yes", "no", "yes", "no"]


@pytest.mark.parametrize(("said", "delimiter"), [("sep=;", ";"), ('"sep=|"', "|"), ("SEP=^", "^"), ("sep=\t", "\t")])
def test_a_first_line_for_excel_says_the_delimiter(tmp_path: Path, make: Any, said: str, delimiter: str) -> None:
    table = TABLE.replace(",", delimiter).replace("so good", "so, good, that is").replace("\n", "\r\n")
    examples = read(make.write(tmp_path / "a.csv", f"{said}\r\n{table}"))
    assert examples.targets == ["yes", "no", "yes", "no"]
    assert examples.references[0] == "so, good, that is"
    assert list(examples.ids) == ["a.csv row 3", "a.csv row 4", "a.csv row 5", "a.csv row 6"]


def test_rows_are_counted_from_the_line_that_says_the_delimiter(tmp_path: Path, make: Any) -> None:
    assert "a.csv row 2: several columns" in mistake(make.write(tmp_path / "a.csv", "sep=;\ntext;text\na;b\n"))
    assert "a.csv row 4: it has 3 cells" in mistake(make.write(tmp_path / "a.csv", "sep=;\ntext;label\na;b\nc;d;e\n"))
    assert "a.csv row 3: a quote opened" in mistake(make.write(tmp_path / "a.csv", 'sep=;\ntext;label\n"a;b\nc;d\n'))
    assert "is empty but for the line" in mistake(make.write(tmp_path / "a.csv", "sep=;\n"))


def test_commas_in_a_semicolon_file_and_decimal_commas(tmp_path: Path, make: Any) -> None:
    path = make.write(tmp_path / "a.csv", "text;price\nfine, yes;3,5\ngood, no;4\nwell, so;-0,25\n")
    examples = read(path, target="price")
    assert examples.references == ["fine, yes", "good, no", "well, so"]
    assert examples.targets == [3.5, 4, -0.25]


def test_decimal_commas_between_tabs(tmp_path: Path, make: Any) -> None:
    table = "text\tprice\nfine, yes\t5,50\ngood, no\t18,90\nwell, so\t-0,125\nso, so\t4\n"
    for name in ("a.tsv", "a.csv"):
        assert read(make.write(tmp_path / name, table)).targets == [5.5, 18.9, -0.125, 4]
    cents = "text\tprice\nfine, yes\t5,50\ngood, no\t18,99\nso, so\t4\n"
    assert read(make.write(tmp_path / "c.tsv", cents)).targets == [5.5, 18.99, 4]


@pytest.mark.parametrize("labels", [["1,2", "1,2,3", "2,3"], ["0,1", "0,2", "1,2"], ["3,14", "14,22", "3,22"]])
def test_labels_of_which_two_make_a_target_are_no_numbers_between_tabs(
    tmp_path: Path, make: Any, labels: list[str]
) -> None:
    rows = zip(("fine and well", "good", "so so"), labels, strict=True)
    table = "text\ttags\tmore\n" + "".join(f"{text}\t{tags}\t-0,5\n" for text, tags in rows)
    assert read(make.write(tmp_path / "b.tsv", table), target="tags").targets == labels


def test_commas_between_tabs_that_may_part_thousands_are_left_as_they_are(tmp_path: Path, make: Any) -> None:
    table = "text\tprice\nquite fine\t1,250\nquite good\t18,900\nso so so\t2,000\n"
    assert read(make.write(tmp_path / "a.tsv", table)).targets == ["1,250", "18,900", "2,000"]
    assert read(make.write(tmp_path / "b.tsv", table + "not bad\t-0,5\n")).targets == [1.25, 18.9, 2, -0.5]


def test_quotes_line_breaks_and_blank_lines_keep_row_numbers(tmp_path: Path, make: Any) -> None:
    text = 'text,label\n"two\nlines, and ""quotes""",yes\n\nplain,no\nmore,yes\nless,no\n'
    examples = read(make.write(tmp_path / "a.csv", text))
    assert examples.references[0] == 'two\nlines, and "quotes"'
    assert list(examples.ids) == ["a.csv row 2", "a.csv row 5", "a.csv row 6", "a.csv row 7"]


def test_an_unclosed_quote_is_named_where_it_opens(tmp_path: Path, make: Any) -> None:
    assert "a.csv row 3: a quote opened here" in mistake(
        make.write(tmp_path / "a.csv", 'text,label\na,b\n"c,d\ne,f\n')
    )


def test_an_unclosed_quote_beside_one_within_a_text_merges_no_rows(tmp_path: Path, make: Any) -> None:
    rows = 'pos,"Great" product\nneg,"he said no\npos,fine\nneg,"bad" day\n'
    assert "a.csv row 3: a quote opened here" in mistake(make.write(tmp_path / "a.csv", "label,text\n" + rows))
    rows = 'pos,"Great" product\n\nneg,"he\nsaid ""no"""\npos,fine\nneg,well\n'
    examples = read(make.write(tmp_path / "a.csv", "label,text\n" + rows))
    assert list(examples.references) == ["Great product", 'he\nsaid "no"', "fine", "well"]
    rows = '"Well" he said\tyes\n"never closed\tno\nplain\tyes\n"more" of it\tno\n'
    examples = read(make.write(tmp_path / "a.tsv", "text\tlabel\n" + rows))
    assert list(examples.references) == ['"Well" he said', '"never closed', "plain", '"more" of it']


def test_a_tsv_may_hold_bare_quotes(tmp_path: Path, make: Any) -> None:
    text = 'text\tlabel\n"Well" he said\tyes\n"never closed\tno\nplain\tyes\nmore\tno\n'
    examples = read(make.write(tmp_path / "a.tsv", text))
    assert examples.references[1] == '"never closed'
    assert len(examples) == 4


def test_uneven_rows_are_all_named(tmp_path: Path, make: Any) -> None:
    message = mistake(make.write(tmp_path / "a.csv", "text,label\na,b\nc,d,e\nf\n"))
    assert "row 3: it has 3 cells where the header has 2" in message
    assert "row 4: it has 1 cells" in message


def test_a_cell_may_be_very_long(tmp_path: Path, make: Any) -> None:
    long = "word " * 60_000  # 300 kB, above the csv module's own limit
    examples = read(make.write(tmp_path / "a.csv", f"text,label\n{long},yes\nb,no\nc,yes\nd,no\n"))
    assert len(examples.references[0]) == 300_000


def test_rows_far_down_are_named_rightly(tmp_path: Path, make: Any) -> None:
    rows = [f"text number {i},{'yes' if i % 2 else 'no'}" for i in range(100_000)]
    rows[98_765] = "text without a target,"
    message = mistake(make.write(tmp_path / "a.csv", "text,label\n" + "\n".join(rows)))
    assert "a.csv row 98767: the target is missing" in message


def test_real_tables_have_the_counts_of_their_index(shared: Path) -> None:
    for name, count, classes in (("sms_spam", 4104, 2), ("banking77", 9947, 77), ("tweet_irony", 2861, 2)):
        examples = read(shared / "data" / name / "train.csv")
        assert (len(examples), len(set(examples.targets or []))) == (count, classes)
