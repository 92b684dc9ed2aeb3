"""Reads a text file whose encoding is certain, or says at which byte of which row it is not."""

from __future__ import annotations

import codecs
import re
import shlex
from pathlib import Path

from headstart.core.errors import InputError, Problem

_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_BINARY = {
    b"PK\x03\x04": "an Excel workbook or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF document",
}
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x19]")
"""Bytes that no encoding of a text has, but for UTF-16, which has the first."""

_SLIPS = 50
"""One of so many bytes may be such a slip in a text; where there are more, the file is no text."""


class EmptyFile(InputError):
    """A file without a character but spaces."""


def read_characters(path: Path, called: str = "") -> str:
    """The text of a UTF-8 file, or of a UTF-16 one with a byte-order mark.

    Parameters
    ----------
    called : what a person calls a file that is no table, perhaps with folders before its name; its mistakes are
        problems of that file then, and of its lines where a table has rows.

    Raises
    ------
    EmptyFile : it holds nothing.
    InputError : it cannot be read, is not text, or holds bytes of another encoding; each row with one is named.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(*_said(path, called, f"cannot be read ({error.strerror or error})")) from error
    if not data.strip():
        raise EmptyFile(*_said(path, called, "is empty"))
    for start, kind in _BINARY.items():
        if data.startswith(start):
            raise InputError(*_said(path, called, f"is no text but {kind}", "Save it as CSV in UTF-8 first"))
    encoding = next((name for bom, name in _BOMS.items() if data.startswith(bom)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        summary = "" if called else f"{path} is not in UTF-8."
        raise InputError(_bad_rows(path, called, data, encoding, error), summary) from error
    if not text.strip():
        raise EmptyFile(*_said(path, called, "is empty but for a byte-order mark"))
    if "\0" in text:
        raise InputError(_binary(_row(path, called, text.count("\n", 0, text.index("\0")) + 1), 0, 0))
    return text


def lines_of(text: str) -> list[str]:
    """The lines of a text, as editors and JSON Lines count them, without their ends.

    Not ``splitlines()``: a text may hold characters that Python alone takes for line ends, as U+2028 or a form feed.
    """
    return re.split("\r\n|\n|\r", text)


def _said(path: Path, called: str, what: str, fix: str = "") -> tuple[Problem | str]:
    """What is wrong with a whole file; a table alone, which `fix` is for, is called by its path."""
    return (Problem(called, f"it {what}") if called else f"{path} {what}.{fix and f' {fix}.'}",)


def _row(path: Path, called: str, row: int) -> str:
    return f"{called} line {row}" if called else f"{path.name} row {row}"


def _binary(where: str, place: int, byte: int) -> Problem:
    if byte:
        what = f"byte {place} is 0x{byte:02x}, which no text has: the file is something else"
        return Problem(where, what, "write it anew, as text in UTF-8")
    what = "a NUL character: the file may be UTF-16 without a byte-order mark, or not text at all"
    return Problem(where, what, "save it again as UTF-8")


def _bad_rows(path: Path, called: str, data: bytes, encoding: str, error: UnicodeDecodeError) -> list[Problem]:
    """One problem a row with a byte that is no UTF-8 (for UTF-16, and for what is no text, the first place only)."""
    name = called or path.name
    if encoding == "utf-16":
        return [Problem(name, f"byte {error.start} breaks off a UTF-16 character", "save it again as UTF-8")]
    odd = [found.start() for found in _NO_TEXT.finditer(data)]
    if b"\0" in data or len(odd) * _SLIPS > len(data):
        place = data.find(b"\0") if b"\0" in data else odd[0]
        return [_binary(_row(path, called, data.count(b"\n", 0, place) + 1), place, data[place])]
    fix = f"save it again as UTF-8, e.g. iconv -f WINDOWS-1252 -t UTF-8 {shlex.quote(name)} > fixed{path.suffix}"
    problems: list[Problem] = []
    start = 0
    for row, line in enumerate(data.split(b"\n"), start=1):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as bad:
            guess = line.decode("cp1252", "replace")[max(0, bad.start - 12) : bad.start + 8].strip()
            byte = f"byte {start + bad.start} is 0x{line[bad.start]:02x}"
            what = f"{byte}, which is not UTF-8 (as Windows-1252: {guess!r})"
            problems.append(Problem(_row(path, called, row), what, fix if not problems else ""))
        start += len(line) + 1
    return problems
