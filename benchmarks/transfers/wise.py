"""Weights part of the way back from fine-tuning (WiSE-FT): test accuracy with them, against fine-tuning alone."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import figures
import measure
import sets

ROWS, TEST_ROWS = 1000, 1000
"""Texts drawn from a set."""


def rows(asked: Any) -> Iterator[dict[str, Any]]:
    """A row a set and seed: the paired gain of going back, and how far each rung went."""
    for name in sets.names(asked.sets):
        for seed in range(asked.seeds):
            given = sets.read(name, asked.data, ROWS, TEST_ROWS, seed)
            with tempfile.TemporaryDirectory() as temporary:
                folder = Path(temporary)
                sets.write_table(folder / "train.csv", given.train)
                sets.write_table(folder / "test.csv", given.test, with_labels=False)
                plain, _ = _fitted(asked, folder, given.test, seed, "fine_tuning")
                going_back, shares = _fitted(asked, folder, given.test, seed, "fine_tuning:interpolate=true")
            gain = figures.paired(going_back, plain)
            interval = [gain.difference, gain.low, gain.high]
            here = {"set": name, "seed": seed, "figure": "gain of going back", "interval": interval, "shares": shares}
            yield {**here, "value": gain.difference, "must": "not below 0 on average"}


def _fitted(asked: Any, folder: Path, test: sets.Split, seed: int, strategy: str) -> tuple[str, dict[str, float]]:
    """One character a test example, ``1`` where the model is right; and how far each rung went."""
    model, answers = strategy.replace(":", " "), folder / f"{len(strategy)}.jsonl"
    words = ["fit", "train.csv", "--target", "label", "--strategy", strategy, "--seed", str(seed), *asked.fit.split()]
    result = json.loads(_headstart(asked, folder, *words, "--budget", asked.budget, "--out", model, "--json"))
    _headstart(asked, folder, "predict", model, "test.csv", "-o", str(answers))
    said = [str(json.loads(line)["label"]) for line in answers.read_text(encoding="utf-8").splitlines()]
    right = "".join("1" if label == truth else "0" for label, truth in zip(said, test.labels, strict=True))
    return right, {rung["name"]: rung["tuned_share"] for rung in result["rungs"]}


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
