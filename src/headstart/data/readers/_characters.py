"""Reads a text file whose encoding is certain, or says at which byte of which row it is not."""

from __future__ import annotations

import codecs
from pathlib import Path

from headstart.core.errors import InputError, Problem

_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_BINARY = {
    b"PK\x03\x04": "an Excel workbook or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF document",
}


def read_characters(path: Path) -> str:
    """The text of a UTF-8 file, or of a UTF-16 one with a byte-order mark.

    Raises
    ------
    InputError : the file is empty, not text, or holds bytes of another encoding; each row with one is named.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}).") from error
    if not data.strip():
        raise InputError(f"{path} is empty.")
    for start, kind in _BINARY.items():
        if data.startswith(start):
            raise InputError(f"{path} is no text but {kind}. Save it as CSV in UTF-8 first.")
    encoding = next((name for bom, name in _BOMS.items() if data.startswith(bom)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(_bad_rows(path, data, encoding, error), f"{path} is not in UTF-8.") from error
    if not text.strip():
        raise InputError(f"{path} is empty but for a byte-order mark.")
    if "\0" in text:
        row = text.count("\n", 0, text.index("\0")) + 1
        what = "a NUL character: the file may be UTF-16 without a byte-order mark, or not text at all"
        raise InputError(Problem(f"{path.name} row {row}", what, "save it again as UTF-8"))
    return text


def _bad_rows(path: Path, data: bytes, encoding: str, error: UnicodeDecodeError) -> list[Problem]:
    """One problem a row with a byte that is no UTF-8 (for UTF-16, the first place only)."""
    if encoding == "utf-16":
        return [Problem(path.name, f"byte {error.start} breaks off a UTF-16 character", "save it again as UTF-8")]
    fix = f"save it again as UTF-8, e.g. iconv -f WINDOWS-1252 -t UTF-8 {path.name} > fixed{path.suffix}"
    problems: list[Problem] = []
    start = 0
    for row, line in enumerate(data.split(b"\n"), start=1):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as bad:
            where = f"{path.name} row {row}"
            guess = line.decode("cp1252", "replace")[max(0, bad.start - 12) : bad.start + 8].strip()
            byte = f"byte {start + bad.start} is 0x{line[bad.start]:02x}"
            what = f"{byte}, which is not UTF-8 (as Windows-1252: {guess!r})"
            problems.append(Problem(where, what, fix if not problems else ""))
        start += len(line) + 1
    return problems
