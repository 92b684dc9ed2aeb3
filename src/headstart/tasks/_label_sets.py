"""Reads several labels out of one target: a list, or a text with one separator throughout."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from headstart.core.targets import plain
from headstart.tasks._targets import is_missing, kind_of

SEPARATORS = "|;,"
SHARE_SEPARATED = 0.2
"""Of fewer texts nobody says unasked that they hold several labels."""


def is_absent(target: Any) -> bool:
    """Whether the target is missing; unlike elsewhere an empty text is an answer: no labels."""
    return not isinstance(target, str) and is_missing(target)


def parts(target: Any, separator: str) -> list[str]:
    """The labels of one target, each once, in the order given."""
    target = plain(target)
    pieces = target if isinstance(target, list | tuple | set | frozenset) else str(target).split(separator)
    texts = (str(plain(piece)).strip() for piece in pieces)
    return list(dict.fromkeys(text for text in texts if text))


def find_separator(targets: Sequence[Any], share: float = SHARE_SEPARATED) -> str | None:
    """The separator that parts these texts into labels that recur in several combinations, or None.

    A `share` of the texts must hold it. Parts that always come in the same company ("shoes, boots") are one
    class with a comma in its name, and parts that are nearly all different are sentences.
    """
    texts = [target for target in targets if isinstance(target, str) and target.strip()]
    for separator in sorted(SEPARATORS, key=lambda s: -sum(s in text for text in texts)):
        held = sum(separator in text for text in texts)
        if held and held >= share * len(texts) and _recur(texts, separator):
            return separator
    return None


def how_read(targets: Sequence[Any], separator: str) -> str:
    """How targets of an example's labels are read where they are texts, parted by `separator`; of lists nothing."""
    texts = [target for target in targets if isinstance(target, str) and target.strip()]
    if not texts:
        return ""
    known = ", ".join(map(repr, SEPARATORS))
    if not any(separator in text for text in texts):
        return f"each is one label, as none of {known} parts them into labels that recur; lists say it for certain"
    count = len({label for text in texts for label in parts(text, separator)})
    sure = "" if find_separator(targets, share=0.0) else f", though none of {known} shows labels that recur"
    return f"{count} labels found, parted by {separator!r}{sure}"


def _recur(texts: Sequence[str], separator: str) -> bool:
    companies: dict[str, set[frozenset[str]]] = defaultdict(set)
    counts: Counter[str] = Counter()
    for text in texts:
        labels = parts(text, separator)
        counts.update(labels)
        for label in labels:
            companies[label].add(frozenset(labels))
    half = len(counts) / 2
    return (
        2 <= len(counts) <= len(texts) / 2
        and sum(count >= 2 for count in counts.values()) >= half
        and sum(len(company) >= 2 for company in companies.values()) >= half
    )


def suitability(targets: Sequence[Any]) -> tuple[float, str]:
    """How well targets read as sets of labels (0 … 1), and why."""
    present = [target for target in targets if not is_absent(target)]
    if not present:
        return 0.0, "there are no targets"
    lists = sum(kind_of(target) == "list" for target in present)
    texts = sum(isinstance(target, str) for target in present)
    if lists and lists + texts < len(present):
        return 0.0, "lists are mixed with single values"
    if lists:
        different = {label for target in present for label in parts(target, "|")}
        return 1.0, f"lists of {len(different)} different labels"
    separator = find_separator(present) if texts == len(present) else None
    if separator is None:
        return 0.0, "no target holds several labels"
    different = {label for target in present for label in parts(target, separator)}
    return 0.9, f"{len(different)} labels found, several in one target, parted by {separator!r}"
