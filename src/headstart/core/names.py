"""Names of classes: how a person gives them, and whether they are words that mean something."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from headstart.core.errors import InputError, UsageError, nearest
from headstart.core.paths import expanded

ENDINGS = (".csv", ".tsv", ".json", ".txt")
"""Of files that hold names."""

_WORD = re.compile(r"[^\W\d_]{3}|(?:(?![\W\d_])[\u0590-\u1dff\u2000-\U0010ffff]){2}")

_NAME_KEYS, _DESCRIPTION_KEYS = ("name", "label", "class"), ("description", "text", "meaning")


@dataclass(frozen=True)
class Name:
    """A class: its label, as predictions say it, and what it means, in words; empty where the label says it all."""

    label: str
    description: str = ""

    @property
    def words(self) -> str:
        """What a language model is to read: the description as it stands, else the label with its words apart:
        ``card_arrival`` → ``card arrival``, ``SciTech`` → ``Sci Tech``."""
        if self.description:
            return self.description.strip()
        apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", self.label)
        return " ".join(re.split(r"[\s_\-/|]+", apart)).strip()


def are_words(labels: Iterable[str]) -> bool:
    """Whether labels mean something by themselves: words, not numbers, codes or one word with numbers behind it.

    Each must hold three letters in a row, or two of a script beyond Latin, Greek and Cyrillic, and they must differ
    in more than digits: ``sports`` and ``card_arrival`` do; ``3``, ``n01440764``, ``class 1``, ``yes`` beside ``no``
    do not.
    """
    found = list(labels)
    without_digits = {re.sub(r"\d+", "", label.lower()) for label in found}
    return bool(found) and len(without_digits) == len(found) and all(_WORD.search(_letters(label)) for label in found)


def _letters(label: str) -> str:
    """Without signs that stand above, below or after letters, as vowels do in Hindi and Tamil."""
    return "".join(sign for sign in label if not unicodedata.category(sign).startswith("M"))


def meaningless(names: Iterable[Name]) -> list[str]:
    """Labels without a description of which nobody could say what they mean: ``1``, ``E11``, ``B``."""
    return [name.label for name in names if name.words.isascii() and not re.search(r"[^\W\d_]{2}", name.words)]


def read_names(given: Any, fewest: int = 2) -> list[Name]:
    """The names in ``"a,b,c"``, on lines, in a file, in a list of labels, or in a mapping of labels to descriptions.

    A file is a table (CSV, also with semicolons, or TSV) with the columns ``name`` and, if wanted, ``description``,
    or JSON (a list of labels, or of objects with these keys, or one object of labels and descriptions), or text with
    a label on each line.

    Raises
    ------
    UsageError : fewer than `fewest` labels, one twice, or one empty; all mistakes together.
    InputError : the file cannot be read as one of these.
    """
    names = _of_file(Path(given)) if _is_file(given) else _of_words(given)
    counts = Counter(name.label for name in names)
    mistakes = [f"{label!r} stands there {n} times" for label, n in counts.items() if n > 1 and label]
    mistakes += ["a label is empty"] if "" in counts else []
    mistakes += (
        [f"{len(names)} {'label is' if len(names) == 1 else 'labels are'} too few"] if len(names) < fewest else []
    )
    if mistakes:
        few = "one label" if fewest == 1 else f"{fewest} different labels"
        raise UsageError(
            f"--labels {str(given)!r:.80}: {'; '.join(mistakes)}. Give at least {few}, with commas between, or a "
            "file with a name on each line."
        )
    return names


def check_known(labels: Iterable[str], names: Sequence[Name]) -> None:
    """Labels of examples must be among the names.

    Raises
    ------
    UsageError : some are not; the nearest is offered.
    """
    known = [name.label for name in names]
    if unknown := [label for label in labels if label not in known]:
        rest = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        raise UsageError(
            f"The examples have classes that --labels does not name: {', '.join(map(repr, unknown[:5]))}{rest}."
            f"{nearest(unknown[0], known)} Name every class, or none."
        )


def _is_file(given: Any) -> bool:
    """Whether names are to be read from a file: one that is there, or whose ending says that it should be."""
    if not isinstance(given, str | Path):
        return False
    return _is_there(given) or (Path(given).suffix.lower() in ENDINGS and not re.search(r"[,\n]", str(given)))


def _is_there(given: str | Path) -> bool:
    try:
        return expanded(Path(given)).is_file()
    except (OSError, ValueError):  # too long for a name, or with a character that no name has
        return False


def _of_words(given: Any) -> list[Name]:
    if isinstance(given, str):
        rows = csv.reader(given.splitlines(), skipinitialspace=True)
        return [Name(label.strip()) for row in rows for label in row]
    if isinstance(given, Mapping):
        return [_described(label, description, "labels") for label, description in given.items()]
    if not isinstance(given, Sequence):
        raise UsageError(f"labels must be words with commas between, a file, a list or a dict, not {given!r:.60}")
    return [one if isinstance(one, Name) else _one(one, f"labels, item {i}") for i, one in enumerate(given, start=1)]


def _of_file(file: Path) -> list[Name]:
    ending = file.suffix.lower()
    if ending not in ENDINGS:
        raise InputError(f"{file} is a file, and labels are read from {', '.join(ENDINGS)}: give it such an ending.")
    try:
        text = expanded(file).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{file}: the labels cannot be read ({(error.strerror or str(error)).lower()}).") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: the labels cannot be read: they are not UTF-8 ({error}).") from error
    if ending == ".json":
        return _of_json(text, file)
    if ending == ".txt":
        return [Name(line.strip()) for line in text.splitlines() if line.strip()]
    return _of_table(text, "\t" if ending == ".tsv" else _delimiter(text), file)


def _delimiter(text: str) -> str:
    """What parts the cells of a CSV file: a semicolon, as some spreadsheets write it, where every line has one before
    any comma."""
    lines = [line for line in text.splitlines() if line.strip()]
    return ";" if lines and all(";" in line.partition(",")[0] for line in lines) else ","


def _of_table(text: str, delimiter: str, file: Path) -> list[Name]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    lines = [(number, row) for number, row in lines if any(row)]
    rows = [row for _, row in lines]
    head = [cell.lower() for cell in rows[0]] if rows else []
    if any(key in head for key in _NAME_KEYS):
        del lines[0]
    else:  # no heading: names, and descriptions if there is a second column
        if _is_another_heading(rows, head):
            raise InputError(
                f"{file}: the first row, {', '.join(map(repr, rows[0]))}, seems to be a heading, but not the one "
                "that is expected: name,description. Write that there, or where it is a label, above it."
            )
        head = ["name", "description"]
    return [_of_row(head, row, f"{file}, line {number}") for number, row in lines]


def _of_row(head: Sequence[str], row: Sequence[str], where: str) -> Name:
    """Raises ``InputError`` for more cells than columns, of which some would be lost, and for one without a name."""
    if len(row) > len(head):
        raise InputError(
            f"{where}: {len(row)} cells where there are {len(head)} columns. Put a text that holds a comma into "
            'quotes: "so, and so".'
        )
    name = _one(dict(zip(head, row, strict=False)), where)
    if not name.label:
        raise InputError(f"{where}: the name is empty.")
    return name


def _is_another_heading(rows: Sequence[Sequence[str]], head: Sequence[str]) -> bool:
    """Whether the first row names a column of descriptions, or says one word where all others say several."""
    if any(key in head[1:] for key in _DESCRIPTION_KEYS):
        return True
    words = [len(row[1].split()) if len(row) > 1 else 0 for row in rows]
    return bool(words[1:]) and words[0] == 1 and min(words[1:]) > 1


def _of_json(text: str, file: Path) -> list[Name]:
    try:
        content = json.loads(text, object_pairs_hook=partial(_each_once, file=file))
    except ValueError as error:
        raise InputError(f"{file}: is not JSON ({error}).") from error
    if isinstance(content, dict):
        return [_described(label, description, str(file)) for label, description in content.items()]
    if isinstance(content, list):
        return [_one(item, f"{file}, item {place}") for place, item in enumerate(content, start=1)]
    raise InputError(f"{file}: holds neither a list of labels nor an object of labels and descriptions.")


def _each_once(pairs: Sequence[tuple[str, Any]], file: Path) -> dict[str, Any]:
    """Raises ``InputError`` where an object has a key twice, of which the first would be lost."""
    counts = Counter(key for key, _ in pairs)
    if twice := [key for key, count in counts.items() if count > 1]:
        raise InputError(f"{file}: {', '.join(map(repr, twice))} stands there more than once.")
    return dict(pairs)


def _one(item: Any, where: str) -> Name:
    """A label, or an object with its name and its description."""
    if item is None or isinstance(item, list | tuple):
        raise InputError(f"{where}: {item!r:.60} is no label. Expected a text, or an object with name, description.")
    if not isinstance(item, Mapping):
        return Name(str(item).strip())
    label = next((item[key] for key in _NAME_KEYS if item.get(key) is not None), None)
    if label is None:
        raise InputError(f"{where}: has no name; its keys: {', '.join(map(str, item))}. Expected: name, description.")
    description = next((item[key] for key in _DESCRIPTION_KEYS if item.get(key)), "")
    return _described(label, description, where)


def _described(label: Any, description: Any, where: str) -> Name:
    """A label and what it means.

    Raises
    ------
    InputError : that is no text.
    """
    if not isinstance(description, str | None):
        raise InputError(f"{where}: the description of {str(label)!r} is no text but {description!r:.60}.")
    return Name(str(label).strip(), " ".join((description or "").split()))
