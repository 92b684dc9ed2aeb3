"""Several targets at once: their mean figure and their time against a fit of each target alone."""

from __future__ import annotations

import csv
import json
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import measure

MOST_TIME = 1.3
"""Times the slowest fit of one target."""

LEARNT, TESTED = 1600, 800
Row = dict[str, str]


def rows(asked: Any) -> Iterator[dict[str, Any]]:
    """Rows of figures, set by set and seed by seed; each fit starts with an empty store, and all test on the same."""
    for name in _names(asked.sets):
        for seed in range(asked.seeds):
            targets, examples = SETS[name](asked.data / FOLDERS[name])
            with tempfile.TemporaryDirectory() as folder:
                yield from _measured(asked, name, seed, targets, _drawn(examples, seed), Path(folder))


def _measured(
    asked: Any, name: str, seed: int, targets: tuple[str, ...], examples: list[Row], folder: Path
) -> Iterator[dict[str, Any]]:
    _write(folder / "all.csv", examples)
    tested = [row for row in examples if row["split"] == "test"]
    _write(folder / "test.csv", tested)
    together = _fit(asked, folder, "together", seed, targets)
    alone = {target: _fit(asked, folder, f"alone_{target}", seed, (target,)) for target in targets}
    here = {"set": name, "seed": seed}
    of_each: list[list[float]] = []
    for target in targets:
        mine = _right(together["said"], target, tested, target)
        theirs = _right(alone[target]["said"], target, tested, "")
        of_each.append([a - b for a, b in zip(mine, theirs, strict=True)])
        figures = {"together": sum(mine) / len(mine), "alone": sum(theirs) / len(theirs)}
        yield {**here, "figure": f"{target}: gain", "value": sum(of_each[-1]) / len(tested), **figures}
    value, low, high = _interval([sum(each) / len(targets) for each in zip(*of_each, strict=True)])
    must = f"not below 0 ({low:+.3f} to {high:+.3f})"
    yield {**here, "figure": "mean gain over alone", "value": value, "low": low, "high": high, "must": must}
    for clock in ("wall", "cpu"):
        seconds = {target: fit[clock] for target, fit in alone.items()}
        share = together[clock] / max(seconds.values())
        times = {"together": together[clock], "alone": seconds}
        yield {**here, "figure": f"{clock} / slowest alone", "value": share, "must": f"at most {MOST_TIME}", **times}


def _fit(asked: Any, folder: Path, out: str, seed: int, targets: tuple[str, ...]) -> dict[str, Any]:
    """Seconds of a fit with an empty store, and what its model says of the test examples."""
    there = {"HEADSTART_MODELS": str(asked.backbones), "HEADSTART_CACHE": str(folder / f"cache-{out}")}
    words = ["fit", "all.csv", "--target", ",".join(targets), "--out", out, "--seed", str(seed)]
    fit = _headstart(asked, folder, there, *words, "--budget", asked.budget, *asked.fit.split())
    _headstart(asked, folder, there, "predict", out, "test.csv", "-o", f"{out}.jsonl")
    said = [json.loads(line) for line in (folder / f"{out}.jsonl").read_text(encoding="utf-8").splitlines()]
    return {"wall": fit.wall, "cpu": fit.cpu, "said": said}


def _headstart(asked: Any, folder: Path, there: dict[str, str], *words: str) -> measure.Run:
    """A command that was carried out.

    Raises
    ------
    RuntimeError : it failed.
    """
    done = measure.run([sys.executable, "-m", "headstart", *words], folder, asked.limit, there)
    if done.status != 0:
        raise RuntimeError(f"headstart {words[0]}: {done.last_words}")
    return done


def _right(said: list[dict[str, Any]], target: str, tested: list[Row], name: str) -> list[float]:
    """1 for each test example that is predicted right, else 0; `name` is the target's where there are several."""
    labels = [row["label"][name] if name else row["label"] for row in said]
    return [float(str(label) == row[target]) for label, row in zip(labels, tested, strict=True)]


def _interval(differences: list[float]) -> tuple[float, float, float]:
    """The mean and its 95 % normal interval."""
    count = len(differences)
    mean = sum(differences) / count
    error = (sum((each - mean) ** 2 for each in differences) / (count - 1) / count) ** 0.5
    return mean, mean - 1.96 * error, mean + 1.96 * error


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


def _names(asked: str) -> list[str]:
    """Those of the sets that are asked for; all for any group of the other benchmarks.

    Raises
    ------
    ValueError : there is no such set.
    """
    if asked in ("all", "text", "images"):
        is_text = {name: name != "digits_digit_origin" for name in SETS}
        return [name for name in SETS if asked == "all" or is_text[name] == (asked == "text")]
    wanted = [name.strip() for name in asked.split(",")]
    if unknown := [name for name in wanted if name not in SETS]:
        raise ValueError(f"unknown sets: {', '.join(unknown)}; known: {', '.join(SETS)}, images, text, all")
    return wanted
