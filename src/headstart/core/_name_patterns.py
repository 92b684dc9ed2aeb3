"""What names may say about belonging together: an identity by its word, a common stem, a folder, one part of many."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

_PEOPLE = (
    "participant patient subject person speaker author writer customer donor animal specimen user reader subj pat"
)
_TIMES = "sequence recording session series video scene study clip track burst slide case sub pt spk vid seq sess rec"
_WORDS = f"{_PEOPLE} {_TIMES} group".split()
_LETTERS = ["p", "s", "v"]
_IDENTITY = {
    **{
        word: re.compile(rf"(?<![a-z0-9]){word}(?:[ _\-]?id)?(?:[ _\-=#.]?(\d+)|[_\-=]([a-z0-9]+))")
        for word in _WORDS
    },
    **{letter: re.compile(rf"(?<![a-z0-9]){letter}()(\d+)(?![a-z])") for letter in _LETTERS},
}
_BIDS = re.compile(r"(?<![a-z0-9])sub-(?=[a-z0-9])")
_COUNTER = re.compile(r"[\s_\-.(#]*(?:frame|img|image|photo|page|shot|copy|aug|f|burst)?[\s_\-.(#]*\d+\)?$")
_SEPARATORS = re.compile(r"[\s_\-.]+")
_SPLITS = frozenset({"train", "training", "validation", "valid", "val", "dev", "test", "testing"})
_FEWEST_IDENTITIES, _FEWEST_STEMS = 5, 10
_MOST_PARTS = 6


@dataclass(frozen=True)
class Candidate:
    """One way to group by name.

    ``keys`` are N group names, "" where a name says nothing; ``telling``: the names alone are good reason to believe.
    """

    pattern: str
    keys: list[str]
    telling: bool


def candidates(ids: Sequence[str], targets: Sequence[str]) -> Iterator[Candidate]:
    """Every way to read groups from N names, without what a name says of its own target."""
    folders, stems = _apart(ids, targets)
    yield from _identities(_together(folders, stems))
    yield _stems(folders, stems, targets)
    if any(folders):
        yield Candidate("the folder", folders, hold_numbers(folders, _FEWEST_STEMS))
    yield from _positions(stems)


def identities(names: Sequence[str], targets: Sequence[str], words: Sequence[str]) -> list[str]:
    """Whose each of N names says it is, by any of `words` and what follows it (``patient 3``); "" where it says none.

    ``sub-03`` is read as ``subject-03``: so names begin in the layout of brain images called BIDS.
    """
    plain = [_BIDS.sub("subject-", name) for name in _together(*_apart(names, targets))]
    found = [[_identity(word, name) for name in plain] for word in words]
    return [max(each, key=lambda key: (_has_digit(key), bool(key))) for each in zip(*found, strict=True)]


def hold_numbers(keys: Sequence[str], fewest: int) -> bool:
    """Whether at least `fewest` groups are named, and nine in ten by an identifier rather than by a word."""
    distinct = {key for key in keys if key}
    return len(distinct) >= fewest and sum(map(_has_digit, distinct)) >= 0.9 * len(distinct)


def _has_digit(key: str) -> bool:
    return any(character.isdigit() for character in key)


def names_identity(column: str) -> bool:
    """Whether a column's name says that its values are identities: ``patient``, ``user_id``, ``Speaker``."""
    words = set(re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column).lower()))
    return bool(words & {*_WORDS, *(f"{word}s" for word in _WORDS), *(f"{word}id" for word in _WORDS)})


def _apart(names: Sequence[str], targets: Sequence[str]) -> tuple[list[str], list[str]]:
    """(folders, names without ending), N each: without the folders that only say the target."""
    kinds = {target.lower() for target in targets}
    parts = [_parts(name) for name in names]
    return ["/".join(part for part in folder if part not in kinds) for folder, _ in parts], [
        stem for _, stem in parts
    ]


def _together(folders: Sequence[str], stems: Sequence[str]) -> list[str]:
    return [f"{folder}/{stem}" for folder, stem in zip(folders, stems, strict=True)]


def _parts(name: str) -> tuple[list[str], str]:
    """(folders without those of a split, name without its ending), lower case."""
    path = PurePosixPath(name.replace("\\", "/").lower())
    # An ending is short and no number: "scan.12" keeps its number.
    ending = path.suffix if 1 < len(path.suffix) <= 6 and not path.suffix[1:].isdigit() else ""
    return [part for part in path.parts[:-1] if part not in _SPLITS and part != "/"], path.name.removesuffix(ending)


def _identities(names: Sequence[str]) -> Iterator[Candidate]:
    """One candidate a word (``patient``, ``video``) that a number or a name follows, people before recordings."""
    for word in _IDENTITY:
        keys = [_identity(word, name) for name in names]
        if 2 * sum(map(bool, keys)) > len(names):
            yield Candidate(f"{word!r} and what follows it", keys, len(set(keys)) >= _FEWEST_IDENTITIES)


def _identity(word: str, name: str) -> str:
    """``patient 3`` of ``patient_scans/patient003``: a number before a name; "" where the word names nobody."""
    found = list(_IDENTITY[word].finditer(name)) if word in name else []
    if not found:
        return ""
    match = next((each for each in found if each[1]), found[0])
    return f"{word} {(match[1] or match[2]).lstrip('0') or '0'}"


def _stems(folders: Sequence[str], stems: Sequence[str], targets: Sequence[str]) -> Candidate:
    """``vid03`` of ``vid03_f001``, ``img_2041`` of ``img_2041_burst3``, nothing of ``daisy_0013``, a daisy."""
    keys, numbered = [], []
    for folder, stem, target in zip(folders, stems, targets, strict=True):
        cut = _COUNTER.sub("", stem)
        kept = "_".join(part for part in _SEPARATORS.split(cut) if part != target.lower()) if cut != stem else ""
        keys.append(f"{folder}/{kept}" if kept else "")
        numbered.append(kept)
    return Candidate("the name up to its last number", keys, hold_numbers(numbered, _FEWEST_STEMS))


def _positions(stems: Sequence[str]) -> Iterator[Candidate]:
    """Each part of names that all have the same number of parts, as in ``7_jackson_32``; and the first parts."""
    split = [_SEPARATORS.split(stem) for stem in stems]
    number = len(split[0]) if split else 0
    if not 2 <= number <= _MOST_PARTS or any(len(parts) != number for parts in split):
        return
    for place in range(number):
        yield Candidate(f"part {place + 1} of the name", [parts[place] for parts in split], False)
    for end in range(2, number):
        yield Candidate(f"the first {end} parts of the name", ["_".join(parts[:end]) for parts in split], False)
