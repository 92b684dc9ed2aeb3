"""Names of classes: how a person gives them, and whether they are words that mean something."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headstart.core.errors import InputError, UsageError, nearest
from headstart.core.paths import expanded

ENDINGS = (".csv", ".tsv", ".json", ".txt")
"""Of files that hold names."""

_NAME_KEYS, _DESCRIPTION_KEYS = ("name", "label", "class"), ("description", "text", "meaning")


@dataclass(frozen=True)
class Name:
    """A class: its label, as predictions say it, and what it means, in words; empty where the label says it all."""

    label: str
    description: str = ""

    @property
    def words(self) -> str:
        """What a language model is to read: ``card_arrival`` → ``card arrival``, ``SciTech`` → ``Sci Tech``."""
        apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", self.description or self.label)
        return apart.strip() if self.description else " ".join(re.split(r"[\s_\-/|]+", apart)).strip()


def are_words(labels: Iterable[str]) -> bool:
    """Whether labels mean something by themselves: words, not numbers, codes or one word with numbers behind it.

    Each must hold three letters in a row, and they must differ in more than digits: ``sports`` and ``card_arrival``
    do; ``3``, ``n01440764``, ``class 1``, ``yes`` beside ``no`` do not.
    """
    found = list(labels)
    without_digits = {re.sub(r"\d+", "", label.lower()) for label in found}
    return bool(found) and len(without_digits) == len(found) and all(re.search(r"[^\W\d_]{3}", one) for one in found)


def meaningless(names: Iterable[Name]) -> list[str]:
    """Labels without a description of which nobody could say what they mean: ``1``, ``E11``, ``B``."""
    return [name.label for name in names if name.words.isascii() and not re.search(r"[^\W\d_]{2}", name.words)]


def read_names(given: Any, fewest: int = 2) -> list[Name]:
    """The names in ``"a,b,c"``, in a file, in a list of labels, or in a mapping of labels to descriptions.

    A file is a table (CSV, TSV) with the columns ``name`` and, if wanted, ``description``, or JSON (a list of labels,
    or of objects with these keys, or one object of labels and descriptions), or text with a label on each line.

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
    return isinstance(given, str | Path) and Path(given).suffix.lower() in ENDINGS and "," not in str(given)


def _of_words(given: Any) -> list[Name]:
    if isinstance(given, str):
        return [Name(label.strip()) for label in next(csv.reader([given], skipinitialspace=True), [])]
    if isinstance(given, Mapping):
        return [_described(label, description, "labels") for label, description in given.items()]
    if not isinstance(given, Sequence):
        raise UsageError(f"labels must be words with commas between, a file, a list or a dict, not {given!r:.60}")
    return [one if isinstance(one, Name) else _one(one, str(one)) for one in given]


def _of_file(file: Path) -> list[Name]:
    try:
        text = expanded(file).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{file}: the labels cannot be read ({(error.strerror or str(error)).lower()}).") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: the labels cannot be read: they are not UTF-8 ({error}).") from error
    if file.suffix.lower() == ".json":
        return _of_json(text, file)
    if file.suffix.lower() == ".txt":
        return [Name(line.strip()) for line in text.splitlines() if line.strip()]
    rows = list(csv.reader(text.splitlines(), delimiter="\t" if file.suffix.lower() == ".tsv" else ","))
    rows = [[cell.strip() for cell in row] for row in rows if any(cell.strip() for cell in row)]
    head = [cell.lower() for cell in rows[0]] if rows else []
    if not any(key in head for key in _NAME_KEYS):  # no heading: names, and descriptions if there is a second column
        if _is_another_heading(rows, head):
            raise InputError(
                f"{file}: the first row, {', '.join(map(repr, rows[0]))}, seems to be a heading, but not the one "
                "that is expected: name,description. Write that there, or where it is a label, above it."
            )
        return [Name(row[0], row[1] if len(row) > 1 else "") for row in rows]
    return [_one(dict(zip(head, row, strict=False)), str(file)) for row in rows[1:]]


def _is_another_heading(rows: Sequence[Sequence[str]], head: Sequence[str]) -> bool:
    """Whether the first row names a column of descriptions, or says one word where all others say several."""
    if any(key in head[1:] for key in _DESCRIPTION_KEYS):
        return True
    words = [len(row[1].split()) if len(row) > 1 else 0 for row in rows]
    return bool(words[1:]) and words[0] == 1 and min(words[1:]) > 1


def _of_json(text: str, file: Path) -> list[Name]:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise InputError(f"{file}: is not JSON ({error}).") from error
    if isinstance(content, dict):
        return [_described(label, description, str(file)) for label, description in content.items()]
    if isinstance(content, list):
        return [_one(item, f"{file}, item {place}") for place, item in enumerate(content, start=1)]
    raise InputError(f"{file}: holds neither a list of labels nor an object of labels and descriptions.")


def _one(item: Any, where: str) -> Name:
    """A label, or an object with its name and its description."""
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
    return Name(str(label).strip(), (description or "").strip())
