"""Plain text without classes: a file, each line of which is a text, or a folder of files with a text each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headstart.core.errors import NoTargets
from headstart.data.examples import Examples
from headstart.data.readers._characters import lines_of, read_characters
from headstart.data.readers._folders import files_below, folder_kind, is_path, refuse_column_names
from headstart.data.readers.base import Reader, Request

SUFFIX = ".txt"


class TextFiles(Reader):
    """``.txt`` files, UTF-8. Lines without a character but spaces are no texts."""

    caption = "a text file (.txt) with a text a line, or a folder of such files with a text each (without targets)"

    def recognises(self, source: Any) -> bool:
        if not is_path(source):
            return False
        path = Path(source)
        if path.is_dir():
            files = list(files_below(path))
            return bool(files) and all(map(_is_text, files)) and folder_kind(path) is None
        return path.is_file() and _is_text(path)

    def read(self, request: Request) -> Examples:
        source = Path(request.source)
        refuse_column_names(request, source)
        if request.needs_targets:
            raise NoTargets(
                f"{source} holds texts but not their targets. Hand over a table with a column of texts and one of "
                "targets."
            )
        texts = _whole_files(source) if source.is_dir() else _lines(source)
        return Examples("text", list(texts.values()), list(texts), source=str(source))


def _is_text(path: Path) -> bool:
    return path.suffix.lower() == SUFFIX


def _lines(file: Path) -> dict[str, str]:
    """Name → text: ``notes.txt line 14``."""
    lines = enumerate(lines_of(read_characters(file, file.name)), start=1)
    return {f"{file.name} line {number}": line.strip() for number, line in lines if line.strip()}


def _whole_files(folder: Path) -> dict[str, str]:
    """Name → text, the whole of each file."""
    names = {path.relative_to(folder).as_posix(): path for path in files_below(folder)}
    return {name: read_characters(path, name) for name, path in names.items()}
