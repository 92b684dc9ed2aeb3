"""The choice of a backbone: accuracy that the pick loses against the best candidate after a full fit of each."""

from __future__ import annotations

import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import measure
import numpy as np
import sets
from target import Target

MEAN_LOST, MOST_LOST, MOST_SHARE = 0.005, 0.02, 0.1
"""On average and in the worst case, in accuracy; and of the seconds that fitting all candidates takes."""

RESAMPLES = 10_000


@dataclass(frozen=True)
class Fit:
    """A full fit of one candidate: accuracy on the test split, and its seconds, by the clock and by the processor."""

    accuracy: float
    seconds: float
    cpu: float


Known = dict[tuple[str, str, int], Fit]
"""By set, backbone and seed."""


def rows(asked: Any) -> Iterator[dict[str, Any]]:
    """Rows of figures, set by set and seed by seed, and then over all of them.

    Every candidate is fitted with an empty store. Fits that stand in the file of ``--out`` are not made again: a run
    that was killed goes on. A line there needs the keys set, backbone, seed, accuracy, seconds, cpu.
    """
    known, found = _known(asked.out), defaultdict[str, list[float]](list)
    _say_no_candidates(asked.backbones)
    for name in sets.names(asked.sets):
        for seed in asked.seeds:
            for row in _of_one(asked, name, seed, known):
                found[row["figure"]].append(row["value"])
                yield row
    yield from _over_all(found)


def _of_one(asked: Any, name: str, seed: int, known: Known) -> Iterator[dict[str, Any]]:
    data = str((asked.data / name).resolve())
    ranking, ranked = _headstart(asked, "rank", data, "--seed", str(seed))
    names = [one["backbone"] for one in ranking["candidates"] + ranking["left_out"]]
    for each in names:
        if (name, each, seed) not in known:
            fit = known[name, each, seed] = _fitted(asked, data, each, seed)
            yield {
                "set": name, "seed": seed, "figure": f"full fit of {each}", "value": fit.accuracy, "backbone": each,
                "accuracy": fit.accuracy, "seconds": fit.seconds, "cpu": fit.cpu,
            }  # fmt: skip
    fits = {each: known[name, each, seed] for each in names}
    reached = {each: fit.accuracy for each, fit in fits.items()}
    here = {"set": name, "seed": seed, "accuracies": reached, "scores": _scores(ranking)}
    for who in ("pick", "static_pick"):
        must = Target(MOST_LOST) if who == "pick" else ""
        lost = max(reached.values()) - reached[ranking[who]]
        yield {**here, "figure": f"lost by {who}", "value": lost, "must": must, "chosen": ranking[who]}
    must = Target(MOST_SHARE)
    share = ranked.wall / sum(fit.seconds for fit in fits.values())
    yield {**here, "figure": "share of all fits", "value": share, "must": must}
    share = ranked.cpu / sum(fit.cpu for fit in fits.values())
    yield {**here, "figure": "share of all fits, cpu", "value": share, "must": must}


def _over_all(found: dict[str, list[float]]) -> Iterator[dict[str, Any]]:
    """Means over sets and seeds with 95 % intervals by the bootstrap over them, and the worst case."""
    lost, static = (np.array(found[f"lost by {who}"]) for who in ("pick", "static_pick"))
    if not len(lost):
        return
    here = {"set": "all", "seed": "mean", "count": len(lost)}
    yield {**here, **_mean("mean lost by pick", lost), "must": Target(MEAN_LOST)}
    yield {
        **here,
        "seed": "worst",
        "figure": "worst lost by pick",
        "value": float(lost.max()),
        "must": Target(MOST_LOST),
    }
    yield {**here, **_mean("mean lost by static_pick", static), "must": ""}
    yield {**here, **_mean("pick better than the static list", static - lost), "must": Target(0.0, at_least=True)}
    for figure in ("share of all fits", "share of all fits, cpu"):
        yield {**here, **_mean(f"mean {figure}", np.array(found[figure])), "must": Target(MOST_SHARE)}


def _mean(figure: str, values: np.ndarray) -> dict[str, Any]:
    drawn = np.random.default_rng(0).choice(values, (RESAMPLES, len(values))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {"figure": figure, "value": float(values.mean()), "low": float(low), "high": float(high)}


def _scores(ranking: dict[str, Any]) -> dict[str, float]:
    return {one["backbone"]: one["score"][0] for one in ranking["candidates"] if "score" in one}


def _known(file: Path | None) -> Known:
    """Full fits among the rows of a file; none where there is none."""
    if file is None or not file.exists():
        return {}
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    fits = [line for line in lines if {"set", "backbone", "seed", "accuracy", "seconds", "cpu"} <= line.keys()]
    return {(f["set"], f["backbone"], f["seed"]): Fit(f["accuracy"], f["seconds"], f["cpu"]) for f in fits}


def _say_no_candidates(backbones: Path) -> None:
    """Which folders hold nothing that could be chosen, and why."""
    for folder, why in _no_candidates(sorted(path for path in backbones.glob("*") if path.is_dir())):
        print(f"  no candidate: {folder.name}: {why}", flush=True)


def _no_candidates(folders: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    from headstart.backbones import load
    from headstart.core.errors import HeadstartError

    for folder in folders:
        try:
            load(folder)
        except HeadstartError as error:
            yield folder, str(error).splitlines()[0].removeprefix(f"{folder}: ")


def _fitted(asked: Any, data: str, backbone: str, seed: int) -> Fit:
    """The fit of one candidate."""
    options = ["--backbone", backbone, "--seed", str(seed), "--budget", asked.budget]
    result, run = _headstart(asked, "fit", data, *options, *asked.fit.split(), "--out", "model")
    return Fit(result["test"]["accuracy"][0], run.wall, run.cpu)


def _headstart(asked: Any, *words: str) -> tuple[dict[str, Any], measure.Run]:
    """The JSON of a command in an empty folder with an empty store, and the run.

    Raises
    ------
    RuntimeError : it failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        there = {"HEADSTART_MODELS": str(asked.backbones), "HEADSTART_CACHE": str(Path(folder) / "cache")}
        command = [sys.executable, "-m", "headstart", *words, "--json"]
        done = measure.run(command, Path(folder), asked.limit, there)
    if done.status != 0:
        raise RuntimeError(f"headstart {words[0]}: {done.last_words}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result, done
