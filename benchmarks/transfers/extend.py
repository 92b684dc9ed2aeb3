"""Adding classes later: half of a set's classes fitted first and the rest added, against a fit on all at once."""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import figures
import measure
import sets

SETS = ("vehicles", "banking77")
ROWS, TEST_ROWS = 4000, 1000
"""Texts drawn from a set."""

MOST_LOST = 0.02


def rows(asked: Any) -> Iterator[dict[str, Any]]:
    """Rows of figures, set by set and seed by seed: accuracy on the test split of the set, never given to a fit."""
    names = SETS if asked.sets == "all" else sets.names(asked.sets)
    for name in names:
        for seed in range(asked.seeds):
            yield from _one(asked, name, seed)


def _one(asked: Any, name: str, seed: int) -> Iterator[dict[str, Any]]:
    given = sets.read(name, asked.data, ROWS, TEST_ROWS, seed)
    labels = sorted(set(given.train.labels))
    random.Random(seed).shuffle(labels)
    first = set(labels[: len(labels) // 2])
    fit = ["--target", "label", "--seed", str(seed), "--budget", asked.budget, *asked.fit.split()]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for part, own in (("first", first), ("rest", set(labels) - first), ("all", set(labels))):
            sets.write_table(folder / f"{part}.csv", _of(given.train, own))
        sets.write_table(folder / "test.csv", given.test, with_labels=False)
        right = {}
        for model, words in (
            ("before", ["fit", "first.csv", *fit]),
            ("extended", ["extend", "before", "rest.csv", "--seed", str(seed)]),
            ("at once", ["fit", "all.csv", *fit]),
        ):
            _headstart(asked, folder, *words, "--out", model)
            right[model] = _right(asked, folder, given.test, model)
    yield from _rows(name, seed, given.test.labels, first, right)


def _of(split: sets.Split, labels: set[str]) -> sets.Split:
    """The examples of these classes."""
    pairs = [pair for pair in zip(split.inputs, split.labels, strict=True) if pair[1] in labels]
    return sets.Split([one for one, _ in pairs], [label for _, label in pairs])


def _rows(
    name: str, seed: int, truth: Sequence[str], first: set[str], right: dict[str, str]
) -> Iterator[dict[str, Any]]:
    """Differences in accuracy, each with its paired interval."""
    of_old = [label in first for label in truth]
    extended = right["extended"]
    must = f"at most {MOST_LOST}"
    here = {"set": name, "seed": seed}

    def lost(figure: str, than: str, old_only: bool, must: str) -> dict[str, Any]:
        pairs = [(a, b) for a, b, old in zip(than, extended, of_old, strict=True) if old or not old_only]
        compared = figures.paired("".join(a for a, _ in pairs), "".join(b for _, b in pairs))
        reached = {"against": _share(a for a, _ in pairs), "extended": _share(b for _, b in pairs)}
        interval = [compared.difference, compared.low, compared.high]
        return {**here, "figure": figure, "value": compared.difference, "must": must, "interval": interval, **reached}

    yield lost("lost against all at once", right["at once"], False, must)
    yield lost("old: lost against all at once", right["at once"], True, must)
    yield lost("old: lost against before", right["before"], True, must)


def _share(right: Iterator[str]) -> float:
    marks = list(right)
    return marks.count("1") / len(marks)


def _right(asked: Any, folder: Path, test: sets.Split, model: str) -> str:
    """One character a test example: ``1`` where `model` is right, ``0`` where not."""
    answers = folder / f"{model}.jsonl"
    _headstart(asked, folder, "predict", model, "test.csv", "-o", str(answers))
    said = [str(json.loads(line)["label"]) for line in answers.read_text(encoding="utf-8").splitlines()]
    return "".join("1" if label == truth else "0" for label, truth in zip(said, test.labels, strict=True))


def _headstart(asked: Any, folder: Path, *words: str) -> str:
    """What a command prints, in `folder`, with a store of this measurement's own.

    Raises
    ------
    RuntimeError : it failed.
    """
    there = {"HEADSTART_MODELS": str(asked.backbones), "HEADSTART_CACHE": str(folder / "cache")}
    done = measure.run([sys.executable, "-m", "headstart", *words], folder, asked.limit, there)
    if done.status != 0:
        raise RuntimeError(f"headstart {words[0]}: {done.last_words}")
    return done.stdout
