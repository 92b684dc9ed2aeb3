"""Refuses classes that cannot be learned: one class alone, or a class of a single training example beside larger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from headstart.core.errors import InputError, Problem
from headstart.data.readers._targets import looks_like_label_sets

FEW = 2
"""Training examples of the largest class, up to which one of another class is taken for all there is."""


def raise_class_mistakes(
    where: str, targets: Sequence[Any], ids: Sequence[str], splits: Sequence[str | None] | None
) -> None:
    """Raise ``InputError`` when the targets of a table read as classes and some cannot be learned.

    Words may also be sets of labels, or texts to produce: then nothing is said.
    """
    if _are_classes(targets) and (problems := class_mistakes(where, targets, ids, splits)):
        raise InputError(problems, f"{where}: these classes cannot be learned.")


def class_mistakes(
    where: str, targets: Sequence[Any], ids: Sequence[str], splits: Sequence[str | None] | None, hint: str = ""
) -> list[Problem]:
    """One class alone, classes with one training example, classes met only outside the training examples.

    Where no class has more than two, one is no slip but all there is, and can be learned from.
    """
    trained: dict[Any, list[str]] = defaultdict(list)
    elsewhere: dict[Any, list[str]] = defaultdict(list)
    for i, (target, id_) in enumerate(zip(targets, ids, strict=True)):
        split = (splits[i] if splits is not None else None) or "train"
        (trained if split == "train" else elsewhere)[target].append(id_)
    problems = []
    if not trained:
        problems.append(Problem(where, "there are no training examples", "add a split called train"))
    elif len(trained) == 1:
        count, name = len(next(iter(trained.values()))), next(iter(trained))
        fix = hint or "at least two classes are needed"
        problems.append(Problem(where, f"all {count} training examples belong to one class, {name!r}", fix))
    few = all(len(found) <= FEW for found in trained.values())
    for target, found in sorted(trained.items(), key=lambda item: str(item[0])):
        if len(found) == 1 and not few:
            problems.append(
                Problem(
                    f"class {target!r}", f"it has one training example, {found[0]}", "add one, or remove the class"
                )
            )
    if trained:
        problems += [
            Problem(
                f"class {target!r}", f"it has no training example, only {len(found)} in other splits, e.g. {found[0]}"
            )
            for target, found in sorted(elsewhere.items(), key=lambda item: str(item[0]))
            if target not in trained
        ]
    return problems


def _are_classes(targets: Sequence[Any]) -> bool:
    words = all(isinstance(target, str) for target in targets)
    return words and not looks_like_label_sets(targets) and len(set(targets)) <= max(1, len(targets) / 2)
