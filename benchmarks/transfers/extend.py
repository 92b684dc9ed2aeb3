"""Adding classes later: half of a set's classes fitted first and the rest added, against a fit on all at once."""

from __future__ import annotations

import random
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import sets
from target import Target

from transfers._commands import answers, headstart, marks
from transfers._means import Differences, mean_of

SETS = ("vehicles", "banking77")
FURTHER = ("flowers", "cifar10_mini", "ag_news")
"""Measured only where they are named."""

ROWS, TEST_ROWS = 4000, 1000
"""Texts drawn from a set."""

MUST = Target(0.02)
FIGURES = {
    "lost against all at once": ("at once", False),
    "old: lost against all at once": ("at once", True),
    "old: lost against before": ("before", True),
}
"""What the extended model is compared with, and whether on the old classes alone."""

Right = Mapping[str, Sequence[float]]
"""By model, 1 for each test example that it has right, else 0."""


def rows(asked: Any) -> Iterator[dict[str, Any]]:
    """Rows of figures, set by set and seed by seed, then their means over the seeds, which are judged.

    Accuracy is that on the test split of the set, which no fit is given.
    """
    for name in SETS if asked.sets == "all" else sets.names(asked.sets):
        over_seeds: dict[str, Differences] = defaultdict(list)
        for seed in asked.seeds:
            given, first, right = _measured(asked, name, seed)
            yield from _rows(name, seed, given.test, first, right, over_seeds)
        for figure, found in over_seeds.items():
            yield mean_of(found).row(name, "mean", figure, must=MUST)


def _measured(asked: Any, name: str, seed: int) -> tuple[sets.Set, set[str], Right]:
    """The set, the classes of its first half, and what each model has right."""
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
            headstart(asked, folder, *words, "--out", model)
            right[model] = marks(answers(asked, folder, model, "test.csv"), given.test.labels)
    return given, first, right


def _of(split: sets.Split, labels: set[str]) -> sets.Split:
    """The examples of these classes."""
    pairs = [pair for pair in zip(split.inputs, split.labels, strict=True) if pair[1] in labels]
    return sets.Split([one for one, _ in pairs], [label for _, label in pairs])


def _rows(
    name: str, seed: int, test: sets.Split, first: set[str], right: Right, over_seeds: dict[str, Differences]
) -> Iterator[dict[str, Any]]:
    """Differences in accuracy of one seed, each with its paired interval; they are added to `over_seeds`."""
    for figure, (than, old_only) in FIGURES.items():
        judged = [place for place, label in enumerate(test.labels) if label in first or not old_only]
        against, extended = ([right[model][place] for place in judged] for model in (than, "extended"))
        lost = [(test.inputs[i], a - b) for i, a, b in zip(judged, against, extended, strict=True)]
        over_seeds[figure] += lost
        reached = {"against": sum(against) / len(judged), "extended": sum(extended) / len(judged)}
        yield mean_of(lost).row(name, seed, figure, **reached)
