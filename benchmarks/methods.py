"""Runs headstart or a baseline on one set and reads off what it reached."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from baselines._job import SKIPPED, Job
from figures import macro_f1, wilson
from measure import Run, run
from sets import Set, write_table

HERE = Path(__file__).resolve().parent


class Skipped(Exception):
    """A method that cannot run here, and why."""


@dataclass(frozen=True)
class Conditions:
    """What all methods share on one set: weights, budget in seconds, seed, device, a folder to write into."""

    backbone: Path
    budget: float
    seed: int
    device: str
    scratch: Path

    @property
    def limit(self) -> float:
        """Seconds after which a run is given up: twice the budget and ten minutes."""
        return 2 * self.budget + 600


@dataclass
class Outcome:
    """What a method reached. ``labels`` has one entry a test example, None where it gave none.

    ``reported`` holds headstart's own test figures, ``[value, low, high]`` each.
    """

    labels: list[str | None]
    wall: float
    cpu: float
    note: str = ""
    reported: dict[str, list[float]] = field(default_factory=dict)

    def row(self, truth: list[str]) -> dict[str, Any]:
        """JSON figures against the true labels; headstart's own figures go first where it reported them."""
        right = "".join("-" if a is None else str(int(a == b)) for a, b in zip(self.labels, truth, strict=True))
        known = [(a, b) for a, b in zip(self.labels, truth, strict=True) if a is not None]
        row: dict[str, Any] = {"wall": round(self.wall, 1), "cpu": round(self.cpu, 1), "note": self.note}
        if known:
            count = right.count("1")
            row["accuracy"] = [count / len(known), *wilson(count, len(known))]
            row["macro_f1"] = macro_f1([b for _, b in known], [a for a, _ in known])
        if "accuracy" in self.reported:
            if known and abs(self.reported["accuracy"][0] - row["accuracy"][0]) > 1e-6:
                row["note"] += f"; predict gives {row['accuracy'][0]:.4f}"
            row["accuracy"] = self.reported["accuracy"]
            row["macro_f1"] = self.reported.get("macro_f1", [row.get("macro_f1", float("nan"))])[0]
        return {**row, "right": right if known else ""}


def run_baseline(name: str, data: Set, conditions: Conditions, python: str = sys.executable) -> Outcome:
    """Run ``baselines/NAME.py`` in its own process, by another Python where it needs other versions of its libraries.

    Raises
    ------
    Skipped : the baseline cannot run here.
    RuntimeError : it failed; the message is its last line.
    """
    job, answer = conditions.scratch / "job.json", conditions.scratch / "answer.json"
    Job(
        modality=data.modality,
        train_inputs=data.train.inputs,
        train_labels=data.train.labels,
        test_inputs=data.test.inputs,
        backbone=str(conditions.backbone),
        budget=conditions.budget,
        seed=conditions.seed,
        device=conditions.device,
        answer=str(answer),
    ).write(job)
    command = [python, "-m", f"baselines.{name}", str(job)]
    done = run(command, HERE, conditions.limit, {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"})
    if done.status == SKIPPED:
        raise Skipped(done.stdout.strip().splitlines()[-1])
    _succeeded(done)
    said = json.loads(answer.read_text(encoding="utf-8"))
    return Outcome(said["labels"], done.wall, done.cpu, said["note"])


def run_headstart(data: Set, conditions: Conditions) -> Outcome:
    """Run ``headstart fit`` with an empty store, then ``headstart predict`` on the test inputs (not timed).

    Raises
    ------
    RuntimeError : it failed; the message is its last line.
    """
    scratch, inputs = conditions.scratch, data.folder / "test"
    source, options = str(data.folder), ["--out", str(scratch / "model"), "--seed", str(conditions.seed)]
    if data.modality == "text":
        (scratch / "data").mkdir()
        write_table(scratch / "data" / "train.csv", data.train)
        write_table(scratch / "data" / "test.csv", data.test)
        inputs = scratch / "inputs.csv"
        write_table(inputs, data.test, with_labels=False)
        source, options = str(scratch / "data"), [*options, "--target", "label"]
    options += ["--backbone", str(conditions.backbone), "--budget", f"{conditions.budget:g}s"]
    environment = {"HEADSTART_CACHE": str(scratch / "cache"), "HF_HUB_OFFLINE": "1"}
    headstart = [sys.executable, "-m", "headstart"]
    device = ["--device", conditions.device]
    done = run([*headstart, "fit", source, "--json", *options, *device], scratch, conditions.limit, environment)
    _succeeded(done)
    result = json.loads(done.stdout)
    if "accuracy" not in (result.get("test") or {}):
        raise RuntimeError("fit --json reported no test accuracy")
    table = scratch / "predictions.csv"
    predict = [*headstart, "predict", str(scratch / "model"), str(inputs), "-o", str(table), *device]
    predicted = run(predict, scratch, conditions.limit, environment)
    labels: list[str | None] = [None] * len(data.test)
    if predicted.status == 0:
        labels = match(table, data)
    note = f"{result['chosen']}; {result['stopped_because']}"
    if predicted.status:
        note += f"; predict failed: {predicted.last_words}"
    return Outcome(labels, done.wall, done.cpu, note, result["test"])


def match(table: Path, data: Set) -> list[str | None]:
    """One label a test example from a table ``input,label,probability``: by the input's name, else by order."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = [(row["input"], row["label"]) for row in csv.DictReader(file)]
    if data.modality == "image":
        given = {"/".join(Path(name).parts[-2:]): label for name, label in rows}
        return [given.get("/".join(Path(path).parts[-2:])) for path in data.test.inputs]
    if len(rows) == len(data.test):
        return [label for _, label in rows]
    texts = dict(rows)
    return [texts.get(text) for text in data.test.inputs]


def _succeeded(done: Run) -> None:
    if done.status:
        raise RuntimeError(done.last_words)
