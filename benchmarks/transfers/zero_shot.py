"""Names of classes: what they alone give, and with 8 examples a class, against SetFit and a plain probe."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import measure
import methods
import numpy as np
import sets
from figures import mean_over_seeds, paired
from target import Target

SETS = ("ag_news", "banking77")
SHOTS = 8
PYTHON = "SETFIT_PYTHON"
"""Names, in the environment, the Python that has SetFit, whose versions of its libraries are not headstart's."""

UNHURRIED = 3 * 3600.0
"""Seconds that SetFit's package may take: its recipe has no notion of a budget; 77 classes take over 20 minutes."""

BETTER = "gain over the better of SetFit and probe"

OURS = "--strategy set_fit"
"""What stands in for SetFit where its package cannot be had."""
ENCODER = "bundled/all-minilm-l6-v2"


def rows(asked: Any) -> Iterator[dict[str, Any]]:
    """Rows of figures, set by set: by the names alone, then seed by seed with a few examples of each class."""
    wanted = SETS if asked.sets == "all" else tuple(sets.names(asked.sets))
    for name in wanted:
        data = sets.read(name, asked.data, 0, 0, 0)
        with tempfile.TemporaryDirectory() as store:
            yield from _by_names(asked, data, Path(store))
            gains = []
            for seed in asked.seeds:
                for row in _with_few(asked, data, seed, Path(store)):
                    gains += [row] if row["figure"] == BETTER else []
                    yield row
            yield _mean(name, gains)


def _by_names(asked: Any, data: sets.Set, store: Path) -> Iterator[dict[str, Any]]:
    """Accuracy on the test split of a model that was told the names and saw unlabelled training texts."""
    labels = sorted(set(data.train.labels))
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        (here / "labels.txt").write_text("\n".join(labels), encoding="utf-8")
        unlabelled = replace(data.train, inputs=data.train.inputs[:200], labels=data.train.labels[:200])
        sets.write_table(here / "inputs.csv", unlabelled, with_labels=False)
        sets.write_table(here / "test.csv", data.test)
        result = _headstart(asked, here, store, "fit", "inputs.csv", "--labels", "labels.txt", "--out", "model")
        figures = _headstart(asked, here, store, "evaluate", "model", "test.csv", "--target", "label")
    chance = max(data.test.labels.count(label) for label in labels) / len(data.test)
    value, low, high = figures["accuracy"]
    prompts = result["from_names"]["prompts"]
    print(f"  {data.name}: prompts {prompts}; the commonest class has {chance:.3f}", flush=True)
    yield {
        "set": data.name, "seed": 0, "figure": "accuracy by names alone", "value": value, "low": low, "high": high,
        "prompts": prompts, "must": Target(chance, at_least=True, strict=True, low_end=True),
    }  # fmt: skip


def _with_few(asked: Any, data: sets.Set, seed: int, store: Path) -> Iterator[dict[str, Any]]:
    """Accuracy with :data:`SHOTS` examples of each class, of the default fit and of the baselines."""
    few = replace(data, train=_drawn(data.train, seed))
    outcomes: dict[str, methods.Outcome] = {}
    encoder = Path(_encoder())
    for method in ("headstart", "probe", "_set_fit"):
        with tempfile.TemporaryDirectory() as folder:
            conditions = methods.Conditions(encoder, measure_seconds(asked.budget), seed, "cpu", Path(folder))
            try:
                if method == "headstart":
                    outcomes[method] = _fitted(few, conditions, asked, store)
                else:
                    python, given = sys.executable, conditions
                    if method == "_set_fit":
                        python, given = os.environ.get(PYTHON, python), replace(conditions, budget=UNHURRIED)
                    outcomes[method] = methods.run_baseline(method, few, given, python)
            except (methods.Skipped, RuntimeError) as why:
                method = _without(method, why)
                outcomes[method] = _fitted(few, conditions, asked, store, OURS)
        row = outcomes[method].row(few.test.labels)
        value, low, high = row["accuracy"]
        yield {
            "set": data.name, "seed": seed, "figure": f"{SHOTS} a class: {method.strip('_')}", "value": value,
            "low": low, "high": high, "right": row["right"], "note": row["note"], "wall": row["wall"], "must": "",
        }  # fmt: skip
    ours = outcomes.pop("headstart").row(few.test.labels)["right"]
    right = {method: outcome.row(few.test.labels)["right"] for method, outcome in outcomes.items()}
    better = max(right, key=lambda method: right[method].count("1"))
    for figure, method in [*((f"gain over {name.strip('_')}", name) for name in right), (BETTER, better)]:
        compared = paired(ours, right[method])
        yield {
            "set": data.name, "seed": seed, "figure": figure, "value": compared.difference, "low": compared.low,
            "high": compared.high, "better": better, "must": "",
        }  # fmt: skip


def _without(method: str, why: Exception) -> str:
    """Say loudly that SetFit's own package gave nothing; the name of what stands in for it.

    Raises
    ------
    Exception : `why`, where another method failed.
    """
    if method != "_set_fit":
        raise why
    print(f"!!! SETFIT WAS SKIPPED ({why}): headstart's own {OURS} stands in for it.", flush=True)
    return "headstart's own set_fit"


def _mean(name: str, gains: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The mean gain over the better of the two, over seeds, with an interval where there are several."""
    mean, low, high = mean_over_seeds([row["value"] for row in gains])
    return {
        "set": name, "seed": "mean", "figure": BETTER, "value": mean, "low": low, "high": high, "seeds": len(gains),
        "must": Target(0.0, at_least=True),
    }  # fmt: skip


def _fitted(
    few: sets.Set, conditions: methods.Conditions, asked: Any, store: Path, more: str = ""
) -> methods.Outcome:
    """The default fit, or one with `more` options; seeds share the store, since the test texts are the same."""
    here = conditions.scratch
    (here / "data").mkdir()
    sets.write_table(here / "data" / "train.csv", few.train)
    sets.write_table(here / "data" / "test.csv", few.test)
    options = ["--target", "label", "--backbone", ENCODER, "--budget", asked.budget, "--seed", str(conditions.seed)]
    result = _headstart(
        asked, here, store, "fit", "data", *options, *asked.fit.split(), *more.split(), "--out", "model"
    )
    sets.write_table(here / "inputs.csv", few.test, with_labels=False)
    _headstart(asked, here, store, "predict", "model", "inputs.csv", "-o", "answers.csv")
    note = f"{result['chosen']}; {result['stopped_because']}"
    return methods.Outcome(methods.match(here / "answers.csv", few), result["seconds"]["total"], 0.0, note)


def _drawn(split: sets.Split, seed: int) -> sets.Split:
    """:data:`SHOTS` examples of each class."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, label in enumerate(split.labels):
        places[label].append(place)
    random = np.random.default_rng(seed)
    chosen = [int(i) for label in sorted(places) for i in random.permutation(places[label])[:SHOTS]]
    return sets.Split([split.inputs[i] for i in chosen], [split.labels[i] for i in chosen])


def measure_seconds(budget: str) -> float:
    """``10m`` in seconds."""
    units = {"s": 1, "m": 60, "h": 3600}
    return float(budget[:-1]) * units[budget[-1]] if budget[-1] in units else float(budget)


def _encoder() -> str:
    """The folder of the bundled sentence encoder."""
    from headstart.backbones import load

    return load(ENCODER).card.path


def _headstart(asked: Any, folder: Path, store: Path, *words: str) -> dict[str, Any]:
    """The JSON of a command; nothing for ``predict``.

    Raises
    ------
    RuntimeError : it failed.
    """
    as_json = [] if words[0] == "predict" else ["--json"]
    environment = {"HEADSTART_CACHE": str(store), "HF_HUB_OFFLINE": "1"}
    done = measure.run([sys.executable, "-m", "headstart", *words, *as_json], folder, asked.limit, environment)
    if done.status != 0:
        raise RuntimeError(f"headstart {words[0]}: {done.last_words}")
    result: dict[str, Any] = json.loads(done.stdout) if as_json else {}
    return result
