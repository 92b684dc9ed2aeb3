"""Maps: how far the prediction falls without the marked tenth of an input, against a random tenth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sets import read

BACKBONE = "torchvision_mobilenet_v2"
IMAGE_SETS, TEXT_SETS = ("flowers", "vehicles"), ("sms_spam", "rotten_tomatoes")
METHODS = {"image": ("grad_cam", "integrated_gradients"), "text": ("integrated_gradients",)}
INPUTS = {"image": 20, "text": 40}
"""Test inputs that are explained, drawn anew for each seed."""

SHUFFLED = 3
"""Of those, how many the map is compared for with the maps of shuffled weights, which costs five maps each."""

ROWS = 1500


def measure(data: Path, backbones: Path, seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
    """For each set, seed and method: how much further the prediction falls, and what shuffled weights leave."""
    for name in (*IMAGE_SETS, *TEXT_SETS):
        for seed in seeds:
            for figure, value, must in _removed(name, data, backbones, seed):
                yield {
                    "planted": "maps: removal", "set": name, "seed": seed, "figure": figure, "value": value,
                    "must": must,
                }  # fmt: skip


def _removed(name: str, data: Path, backbones: Path, seed: int) -> Iterator[tuple[str, float, str | None]]:
    """The mean fall without the marked tenth over the mean fall without a random one, over all inputs.

    The ratio of means, since the ratio of an input whose prediction nothing moves says nothing.
    """
    import headstart

    whole = read(name, data, ROWS, 0, seed)
    backbone = str((backbones / BACKBONE).resolve()) if whole.modality == "image" else None
    model = headstart.fit(
        (whole.train.inputs, whole.train.labels), backbone=backbone, strategy="feature_extraction", seed=seed,
        quiet=True, test_share=0.0,
    )  # fmt: skip
    drawn = np.random.default_rng(seed).permutation(len(whole.test))[: INPUTS[whole.modality]]
    inputs = [whole.test.inputs[i] for i in drawn]
    for method in METHODS[whole.modality]:
        falls, correlations = _checked(model, inputs, method, seed)
        marked, random = falls.mean(axis=0)
        yield f"{method}, marked / random", float(marked / max(random, 1e-9)), ">= 2"
        low, high = _interval(falls)
        yield f"{method}, lower end (95 %)", low, None
        yield f"{method}, upper end (95 %)", high, None
        yield f"{method}, fall without marked", float(marked), None
        yield f"{method}, fall without random", float(random), None
        yield f"{method}, shuffled weights", float(np.mean(correlations)), "< 0.5"


def _checked(model: Any, inputs: Sequence[str], method: str, seed: int) -> tuple[np.ndarray, list[float]]:
    """Falls (n, 2) without the marked and a random tenth, and rank correlations with shuffled weights' maps."""
    from headstart.explanations import EXPLANATIONS, questions
    from headstart.explanations._removal import falls

    plugin, found, correlations = EXPLANATIONS.load(method)(), [], []
    for place, asked in enumerate(questions(model, list(inputs))):
        if asked.parts.count < 3:
            continue
        explained = plugin.explain(asked)
        fell = falls(asked, asked.parts.scores(explained.map), seed)
        found.append((fell.marked, fell.random.mean()))
        if place < SHUFFLED:
            checks = {check.name: check.value.value for check in plugin.checks(asked, explained, seed)}
            correlations.append(checks["randomisation"])
    return np.array(found), [value for value in correlations if value == value]


def _interval(falls: np.ndarray) -> tuple[float, float]:
    """Over resampled inputs."""
    draws = np.random.default_rng(0).integers(0, len(falls), (2000, len(falls)))
    marked, random = falls[draws].mean(axis=1).T
    ratios = np.where(random > 0, marked / np.maximum(random, 1e-9), np.inf)
    low, high = np.quantile(ratios, [0.025, 0.975], method="closest_observation")
    return float(low), float(high)
