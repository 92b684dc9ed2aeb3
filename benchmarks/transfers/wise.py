"""Weights part of the way back from fine-tuning (WiSE-FT): test accuracy with them, against fine-tuning alone."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sets
from target import Target

from transfers._commands import answers, headstart, marks
from transfers._means import Differences, Mean, mean_of, over_sets

ROWS, TEST_ROWS = 1000, 1000
"""Texts drawn from a set."""

FIGURE = "gain of going back"
MUST = Target(0.0, at_least=True)
STRATEGY = "fine_tuning:interpolate={}"


def rows(asked: Any) -> Iterator[dict[str, Any]]:
    """A row a set and seed: the paired gain of going back, and how far rungs went; then means, the last judged."""
    of_sets: list[Mean] = []
    for name in sets.names(asked.sets):
        over_seeds: Differences = []
        for seed in asked.seeds:
            gains, shares = _measured(asked, name, seed)
            over_seeds += gains
            yield mean_of(gains).row(name, seed, FIGURE, shares=shares)
        of_sets.append(mean_of(over_seeds))
        yield of_sets[-1].row(name, "mean", FIGURE)
    yield over_sets(of_sets).row(f"{len(of_sets)} sets", "mean", FIGURE, must=MUST)


def _measured(asked: Any, name: str, seed: int) -> tuple[Differences, dict[str, float]]:
    """For each test example what going back gave it, and how far from the pretrained weights each rung went."""
    given = sets.read(name, asked.data, ROWS, TEST_ROWS, seed)
    right, shares = {}, {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        sets.write_table(folder / "train.csv", given.train)
        sets.write_table(folder / "test.csv", given.test, with_labels=False)
        for going_back in ("false", "true"):
            words = ["--target", "label", "--seed", str(seed), "--budget", asked.budget, *asked.fit.split()]
            words += ["--strategy", STRATEGY.format(going_back), "--out", going_back, "--json"]
            result = json.loads(headstart(asked, folder, "fit", "train.csv", *words).stdout)
            shares = {rung["name"]: rung["tuned_share"] for rung in result["rungs"]}
            right[going_back] = marks(answers(asked, folder, going_back, "test.csv"), given.test.labels)
    pairs = zip(given.test.inputs, right["true"], right["false"], strict=True)
    return [(example, back - alone) for example, back, alone in pairs], shares
