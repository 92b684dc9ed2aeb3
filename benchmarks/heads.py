"""Compares the linear head's CPU seconds with scikit-learn's cross-validated one on generated features."""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
SIZES = {
    "photos": (600, 1280, 8),
    "questions": (2_000, 384, 77),
    "depths": (2_000, 1656, 10),
    "many": (20_000, 1280, 10),
    "very_many": (100_000, 384, 10),
    "classes": (20_000, 384, 1000),
    "thousands": (20_000, 384, 5000),
    "wide": (100_000, 1280, 10),
    "numbers": (20_000, 384, 0),
}
"""Examples, features, classes; no classes for a regression."""

DISTANCES = {
    "photos": 14.0,
    "questions": 9.0,
    "depths": 9.0,
    "many": 5.0,
    "very_many": 5.0,
    "classes": 8.0,
    "thousands": 14.0,
    "wide": 5.0,
}
"""Between two classes, in standard deviations of their examples: far enough that most can be told apart."""

BOUNDS = {"thousands": 60.0, "wide": 60.0}
"""CPU seconds within which our head must be solved, its penalty found by cross-validation included."""

TESTED = 2_000
HEADER = (
    f"{'size':<10} {'N':>7} {'D':>5} {'C':>5} {'head s':>8} {'sklearn s':>10} {'ratio':>7}  accuracy (loss), bound"
)


def main() -> int:
    """Measure what the command line asks for, each side in a process of its own."""
    asked = _arguments()
    if asked.one:
        print(json.dumps(_measured(asked.sizes[0], asked.one)))
        return 0
    print(HEADER)
    failed = False
    for name in asked.sizes:
        sides = {side: _in_a_process(side, name, asked.limit) for side in ("headstart", *asked.against)}
        print(_line(name, sides, asked.limit), flush=True)
        failed = failed or any("failed" in side for side in sides.values())
    return int(failed)


def generated(name: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features (N + TESTED, D) of classes with a falling spectrum, turned and unequally scaled; or of numbers."""
    examples, width, classes = SIZES[name]
    random = np.random.default_rng(seed)
    count = examples + TESTED
    features = random.standard_normal((count, width), dtype=np.float32)
    if not classes:
        weights = random.standard_normal(width).astype(np.float32) / width**0.5
        return features, features @ weights + random.standard_normal(count).astype(np.float32)
    targets = random.integers(0, classes, count)
    targets[:classes] = range(classes)
    centres = random.standard_normal((classes, width), dtype=np.float32) * DISTANCES[name] / (2 * width) ** 0.5
    spectrum = (1 + np.arange(width, dtype=np.float32) / 8) ** -0.5
    turn, _ = np.linalg.qr(random.standard_normal((width, width)).astype(np.float32))
    features = ((features + centres[targets]) * spectrum) @ turn
    return features * random.uniform(0.2, 5, width).astype(np.float32) + 1, targets


def _measured(name: str, side: str) -> dict[str, float]:
    """CPU seconds of one side, and its figures on examples it has not seen."""
    examples, _, classes = SIZES[name]
    features, targets = generated(name)
    head = SIDES[side](bool(classes))
    began = time.process_time()
    predict = head(features[:examples], targets[:examples])
    seconds = time.process_time() - began
    accuracy, loss = _figures(predict(features[examples:]), targets[examples:], classes)
    return {"seconds": seconds, "accuracy": accuracy, "loss": loss}


Head = Callable[[np.ndarray, np.ndarray], Callable[[np.ndarray], np.ndarray]]


def _headstart(classes: bool) -> Head:
    import torch

    from headstart.strategies._linear_head import fit_linear_head
    from headstart.tasks import TASKS

    torch.set_num_threads(1)

    def fit(features: np.ndarray, targets: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        raw = [f"{target:06d}" for target in targets] if classes else targets.tolist()
        task = TASKS.load("classification" if classes else "regression").from_targets(raw)
        encoded = task.encode(raw)
        solution = fit_linear_head(task, torch.from_numpy(features), encoded, torch.ones(len(encoded)), seed=0)
        weight, bias = solution.weight.numpy(), solution.bias.numpy()
        if classes:
            return lambda others: _log_softmax(others @ weight.T + bias)
        return lambda others: np.array(task.decode(torch.from_numpy(others @ weight.T + bias), {}).columns["label"])

    return fit


def _sklearn(classes: bool) -> Head:
    from sklearn.linear_model import LogisticRegressionCV, RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    strengths = np.array([10.0**power for power in (-4, -3, -2.5, -2, -1.5, -1, -0.5, 0, 1)])

    def fit(features: np.ndarray, targets: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        if classes:
            head: Any = LogisticRegressionCV(Cs=strengths, cv=5, scoring="neg_log_loss", max_iter=1000)
        else:
            head = RidgeCV(alphas=1 / (2 * strengths), cv=5)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            model = make_pipeline(StandardScaler(), head).fit(features, targets)
        return model.predict_log_proba if classes else model.predict

    return fit


SIDES = {"headstart": _headstart, "sklearn": _sklearn}


def _figures(predicted: np.ndarray, targets: np.ndarray, classes: int) -> tuple[float, float]:
    """Accuracy and log loss, or the share of variance explained and the mean squared error."""
    if classes:
        hits = predicted.argmax(axis=1) == targets
        return float(hits.mean()), float(-predicted[np.arange(len(targets)), targets].mean())
    error = float(np.mean((predicted - targets) ** 2))
    return 1 - error / float(np.var(targets)), error


def _log_softmax(outputs: np.ndarray) -> np.ndarray:
    shifted = outputs - outputs.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _in_a_process(side: str, name: str, limit: float) -> dict[str, Any]:
    from measure import run

    one = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    done = run([sys.executable, str(HERE / "heads.py"), "--one", side, "--sizes", name], Path.cwd(), limit, one)
    if done.status == 0:
        return json.loads(done.stdout.splitlines()[-1])
    if done.last_words.startswith("killed after"):
        return {"over": True}
    return {"failed": done.last_words}


def _line(name: str, sides: dict[str, dict[str, Any]], limit: float) -> str:
    ours, theirs = sides["headstart"], sides.get("sklearn", {})
    seconds = [f"{side['seconds']:.1f}" if "seconds" in side else _absent(side, limit) for side in (ours, theirs)]
    known = "seconds" in ours and "seconds" in theirs
    ratio = f"{theirs['seconds'] / ours['seconds']:.0f}x" if known else "-"
    figures = [f"{s['accuracy']:.4f} ({s['loss']:.4f})" for s in (ours, theirs) if "accuracy" in s]
    examples, width, classes = SIZES[name]
    first = f"{name:<10} {examples:>7} {width:>5} {classes:>5} {seconds[0]:>8} {seconds[1]:>10} {ratio:>7}"
    return f"{first}  {' against '.join(figures)}{_judged(name, ours)}"


def _judged(name: str, ours: dict[str, Any]) -> str:
    """Whether our head was solved within its bound, where it has one."""
    if name not in BOUNDS:
        return ""
    reached = ours.get("seconds", float("inf")) <= BOUNDS[name]
    return f", {'within' if reached else 'NOT within'} {BOUNDS[name]:.0f} s"


def _absent(side: dict[str, Any], limit: float) -> str:
    return side.get("failed", f"> {limit:.0f}" if side else "-")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, epilog=f"sizes: {SIZES}")
    parser.add_argument("--sizes", default="photos,questions,depths,numbers", help="names with commas, or all")
    parser.add_argument("--alone", action="store_true", help="leave scikit-learn out: it takes hours on large sizes")
    parser.add_argument("--limit", type=float, default=600.0, help="wall seconds after which a side is ended (600)")
    parser.add_argument("--one", choices=sorted(SIDES), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    asked.sizes = list(SIZES) if asked.sizes == "all" else asked.sizes.split(",")
    if unknown := sorted(set(asked.sizes) - set(SIZES)):
        parser.error(f"unknown sizes {unknown}; there are {', '.join(SIZES)}")
    asked.against = () if asked.alone else ("sklearn",)
    return asked


if __name__ == "__main__":
    sys.exit(main())
