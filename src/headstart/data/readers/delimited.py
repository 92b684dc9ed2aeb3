"""CSV and TSV files."""

from __future__ import annotations

import contextlib
import csv
import io
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from headstart.core.errors import InputError, Problem
from headstart.data.readers._characters import EmptyFile, lines_of, read_characters
from headstart.data.readers._table import Table
from headstart.data.readers._table_reader import TableReader

_DELIMITERS = {".tsv": ("\t",), ".tab": ("\t",), ".csv": (",", ";", "\t", "|")}
_LOOK = 50
_SEP = re.compile(r'"?sep=([^\w\s"]|\t)"?[ ]*(?=[\r\n]|$)', re.IGNORECASE)

Rows = list[tuple[int, list[str]]]
"""(line of the file where the row starts, counted from 1, cells)"""


class Delimited(TableReader):
    """Tables parted by commas, semicolons or tabs, with a header. Row numbers are lines of the file."""

    caption = "a CSV or TSV file"
    table_suffixes = frozenset(_DELIMITERS)

    def table(self, path: Path) -> Table:
        delimiter, text = _said_delimiter(read_characters(path))
        if not text.strip():
            raise EmptyFile(f"{path} is empty but for the line that says its delimiter.")
        delimiter = delimiter or _find_delimiter(text, _DELIMITERS[path.suffix.lower()])
        rows = _parse(path, text, delimiter)
        names = [name.strip() or f"column {place}" for place, name in enumerate(rows[0][1], start=1)]
        body = rows[1:]
        _refuse_uneven(path, rows[0][0], names, body)
        cells = zip(*(row for _, row in body), strict=True) if body else ([] for _ in names)
        return Table(
            name=path.name,
            columns={name: list(column) for name, column in zip(names, cells, strict=True)},
            ids=[f"{path.name} row {line}" for line, _ in body],
            folder=path.parent.absolute(),
            decimal_comma={";": True, ",": False}.get(delimiter),
        )


def _said_delimiter(text: str) -> tuple[str, str]:
    """The delimiter that a first line for Excel names, ``sep=;`` (else ""), and the text with that line blank."""
    said = _SEP.match(text)
    return (said[1], text[said.end() :]) if said else ("", text)


def _find_delimiter(text: str, allowed: tuple[str, ...]) -> str:
    """The first delimiter that parts the first rows into equally many cells, at least two."""
    start = text[:200_000]
    for delimiter in allowed:
        with _long_fields():
            reader = csv.reader(io.StringIO(start, newline=""), delimiter=delimiter)
            widths = [len(row) for row, _ in zip(reader, range(_LOOK), strict=False) if row]
        widths = widths[:-1] or widths  # the last one may be cut off
        if len(set(widths)) == 1 and widths[0] > 1:
            return delimiter
    return next((d for d in allowed if d in lines_of(start)[0]), allowed[0])


def _parse(path: Path, text: str, delimiter: str) -> Rows:
    """All rows. Quotes are read by the book; where that fails, leniently; in a TSV at last as plain characters."""
    try:
        return _rows(text, delimiter, strict=True)
    except _Unclosed as error:
        unclosed, rows = [error.line], []
    except csv.Error:
        rows = _rows(text, delimiter, strict=False)
        unclosed = _running_on(text, delimiter, rows)
    if delimiter == "\t" and (unclosed or len({len(row) for _, row in rows}) > 1):
        return _rows(text, delimiter, strict=False, quotes=False)
    if unclosed:
        what, fix = "a quote opened here is not closed", 'write a quote inside a text twice, ""'
        raise InputError([Problem(f"{path.name} row {line}", what, fix) for line in unclosed])
    return rows


def _running_on(text: str, delimiter: str, rows: Rows) -> list[int]:
    """The lines where rows start that run over several, and are no single row by the book: a quote was not closed.

    A lenient reading goes on to the next quote, wherever that is.
    """
    lines = list(io.StringIO(text, newline=""))
    starts = [line for line, _ in rows]
    found = []
    for start, end in zip(starts, [*starts[1:], len(lines) + 1], strict=True):
        span = "".join(lines[start - 1 : end - 1]).strip("\r\n")
        if "\n" in span or "\r" in span:
            try:
                whole = len(_rows(span, delimiter, strict=True)) == 1
            except (csv.Error, _Unclosed):
                whole = False
            found += [] if whole else [start]
    return found


class _Unclosed(Exception):
    """A quoted field that runs to the end of the text."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def _rows(text: str, delimiter: str, strict: bool, quotes: bool = True) -> Rows:
    rows: Rows = []
    with _long_fields():
        reader = csv.reader(
            io.StringIO(text, newline=""),
            delimiter=delimiter,
            strict=strict,
            quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE,
        )
        line = 1
        try:
            for row in reader:
                if row:
                    rows.append((line, row))
                line = reader.line_num + 1
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                raise _Unclosed(line) from error
            raise
    return rows


@contextlib.contextmanager
def _long_fields() -> Iterator[None]:
    """Let a cell hold more than 128 KiB; the limit belongs to the whole process, so it is put back."""
    before = csv.field_size_limit(sys.maxsize if sys.maxsize < 2**31 else 2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _refuse_uneven(path: Path, header: int, names: list[str], body: Rows) -> None:
    """Columns with one name in the line of the `header`, and rows with more or fewer cells than the header."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    where = f"{path.name} row {header}"
    problems = [Problem(where, f"several columns are called {name!r}", "rename one") for name in twice]
    problems += [
        Problem(
            f"{path.name} row {line}",
            f"it has {len(row)} cells where the header has {len(names)}",
            'put a text that holds the delimiter in quotes: "…"' if len(row) > len(names) else "",
        )
        for line, row in body
        if len(row) != len(names)
    ]
    if problems:
        raise InputError(problems, f"{path} cannot be read as a table.")
