"""The choice of a backbone: accuracy that the pick loses against the best candidate after a full fit of each."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import measure
import sets

MOST_LOST, MOST_SHARE = 0.02, 0.1
"""In the worst case, in accuracy; and of the seconds that fitting all candidates takes."""


def rows(asked: Any) -> Iterator[dict[str, Any]]:
    """Rows of figures, set by set and seed by seed; every candidate is fitted with an empty store."""
    for name in sets.names(asked.sets):
        for seed in range(asked.seeds):
            data = str((asked.data / name).resolve())
            ranking, took = _headstart(asked, "rank", data, "--seed", str(seed))
            names = [one["backbone"] for one in ranking["candidates"] + ranking["left_out"]]
            fits = {each: _fitted(asked, data, each, seed) for each in names}
            reached = {each: accuracy for each, (accuracy, _) in fits.items()}
            best = max(reached.values())
            here = {"set": name, "seed": seed, "reached": reached}
            for who in ("pick", "static_pick"):
                must = f"at most {MOST_LOST}" if who == "pick" else ""
                lost = best - reached[ranking[who]]
                yield {**here, "figure": f"lost by {who}", "value": lost, "must": must, "chosen": ranking[who]}
            share = took / sum(seconds for _, seconds in fits.values())
            yield {**here, "figure": "share of all fits", "value": share, "must": f"at most {MOST_SHARE}"}


def _fitted(asked: Any, data: str, backbone: str, seed: int) -> tuple[float, float]:
    """Test accuracy of the fit of one candidate, and the seconds it took."""
    options = ["--backbone", backbone, "--seed", str(seed), "--budget", asked.budget]
    result, seconds = _headstart(asked, "fit", data, *options, *asked.fit.split(), "--out", "model")
    return result["test"]["accuracy"][0], seconds


def _headstart(asked: Any, *words: str) -> tuple[dict[str, Any], float]:
    """The JSON of a command in an empty folder with an empty store, and its seconds.

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
    return result, done.wall
