"""Several targets at once: their mean figure and their time against a fit of each target alone."""

from __future__ import annotations

import csv
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from target import Target

from transfers._commands import answers, headstart
from transfers._means import Differences, Mean, mean_of, over_sets

MOST_TIME = Target(1.3)
"""Times the slowest fit of one target."""

NO_LOSS = Target(0.0, at_least=True)
GAIN = "mean gain over alone"
CLOCKS = ("wall", "cpu")
LEARNT, TESTED = 1600, 800
Row = dict[str, str]
Times = dict[str, list[float]]
"""By clock, the ratio of every seed."""


def rows(asked: Any) -> Iterator[dict[str, Any]]:
    """Rows of figures, set by set and seed by seed, then their means over seeds and over sets, which are judged.

    Each fit starts with an empty store, and all test on the same examples.
    """
    of_sets: list[Mean] = []
    for name in SETS if asked.sets == "all" else asked.sets.split(","):
        gains: Differences = []
        times: Times = {clock: [] for clock in CLOCKS}
        for seed in asked.seeds:
            targets, examples = SETS[name](asked.data / FOLDERS[name])
            with tempfile.TemporaryDirectory() as folder:
                drawn = _drawn(examples, seed)
                yield from _measured(asked, name, seed, targets, drawn, Path(folder), gains, times)
        of_sets.append(mean_of(gains))
        yield of_sets[-1].row(name, "mean", GAIN, must=NO_LOSS)
        for clock, shares in times.items():
            figure, value = f"{clock} / slowest alone", sum(shares) / len(shares)
            yield {"set": name, "seed": "mean", "figure": figure, "value": value, "must": MOST_TIME}
    yield over_sets(of_sets).row(f"{len(of_sets)} sets", "mean", GAIN, must=NO_LOSS)


def _measured(
    asked: Any, name: str, seed: int, targets: tuple[str, ...], examples: list[Row], folder: Path,
    gains: Differences, times: Times,
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """The rows of one seed, whose differences are added to `gains` and `times`."""
    _write(folder / "all.csv", examples)
    tested = [row for row in examples if row["split"] == "test"]
    _write(folder / "test.csv", tested)
    together = _fit(asked, folder, "together", seed, targets)
    alone = {target: _fit(asked, folder, f"alone_{target}", seed, (target,)) for target in targets}
    names = [next(iter(row.values())) for row in tested]
    of_each: list[list[float]] = []
    for target in targets:
        mine = _right(together["said"], target, tested, target)
        theirs = _right(alone[target]["said"], target, tested, "")
        of_each.append([a - b for a, b in zip(mine, theirs, strict=True)])
        reached = {"together": sum(mine) / len(mine), "alone": sum(theirs) / len(theirs)}
        yield mean_of(list(zip(names, of_each[-1], strict=True))).row(name, seed, f"{target}: gain", **reached)
    over_targets = [sum(each) / len(targets) for each in zip(*of_each, strict=True)]
    own = list(zip(names, over_targets, strict=True))
    gains += own
    yield mean_of(own).row(name, seed, GAIN)
    for clock in CLOCKS:
        seconds = {target: fit[clock] for target, fit in alone.items()}
        times[clock].append(together[clock] / max(seconds.values()))
        more = {"together": together[clock], "alone": seconds}
        yield {"set": name, "seed": seed, "figure": f"{clock} / slowest alone", "value": times[clock][-1], **more}


def _fit(asked: Any, folder: Path, out: str, seed: int, targets: tuple[str, ...]) -> dict[str, Any]:
    """Seconds of a fit with an empty store, and what its model says of the test examples."""
    store = f"cache-{out}"
    words = ["fit", "all.csv", "--target", ",".join(targets), "--out", out, "--seed", str(seed)]
    fit = headstart(asked, folder, *words, "--budget", asked.budget, *asked.fit.split(), store=store)
    return {"wall": fit.wall, "cpu": fit.cpu, "said": answers(asked, folder, out, "test.csv", store)}


def _right(said: list[dict[str, Any]], target: str, tested: list[Row], name: str) -> list[float]:
    """1 for each test example that is predicted right, else 0; `name` is the target's where there are several."""
    labels = [row["label"][name] if name else row["label"] for row in said]
    return [float(str(label) == row[target]) for label, row in zip(labels, tested, strict=True)]


def _drawn(examples: list[Row], seed: int) -> list[Row]:
    """So many to learn from and to test on, drawn at random from those given for either."""
    drawn = random.Random(seed)
    learnt = [row for row in examples if row["split"] == "train"]
    tested = [row for row in examples if row["split"] == "test"]
    return [
        *drawn.sample(learnt, min(LEARNT, len(learnt))),
        *drawn.sample(tested, min(TESTED, len(tested))),
    ]


def _write(path: Path, examples: list[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(examples[0]))
        writer.writeheader()
        writer.writerows(examples)


def _texts(kind: str, also: tuple[str, ...] = ()) -> Callable[[Path], tuple[tuple[str, ...], list[Row]]]:
    """Reads one folder a `kind`, with ``train.csv`` and ``test.csv``; `also` names further columns to predict."""

    def read(root: Path) -> tuple[tuple[str, ...], list[Row]]:
        found = []
        for folder in sorted(path for path in root.iterdir() if path.is_dir()):
            for split in ("train", "test"):
                with (folder / f"{split}.csv").open(newline="", encoding="utf-8") as file:
                    for row in csv.DictReader(file):
                        more = {name: row[name].removesuffix(".0") for name in also}
                        given = {"text": row["text"], kind: folder.name, "sentiment": row["label"]}
                        found.append({**given, **more, "split": split})
        return (kind, "sentiment", *also), found

    return read


def _digits(root: Path) -> tuple[tuple[str, ...], list[Row]]:
    """Pictures of digits from two origins."""
    found = [
        {"path": str(path), "digit": path.parent.name, "origin": origin.name, "split": split}
        for origin in sorted(path for path in root.resolve().iterdir() if path.is_dir())
        for split in ("train", "test")
        for path in sorted((origin / split).glob("*/*.png"))
    ]
    return ("digit", "origin"), found


SETS: dict[str, Callable[[Path], tuple[tuple[str, ...], list[Row]]]] = {
    "amazon_domain_sentiment": _texts("domain"),
    "amazon_three": _texts("domain", ("rating",)),
    "tweets_language_sentiment": _texts("language"),
    "digits_digit_origin": _digits,
}
FOLDERS = {
    "amazon_domain_sentiment": "amazon_multidomain",
    "amazon_three": "amazon_multidomain",
    "tweets_language_sentiment": "xlmt_sentiment",
    "digits_digit_origin": "digits_da",
}
