"""The backbone in the package: how far it is on the way from random weights to its teacher, how small, how fast."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from dense_lines._asked import Asked, row

from headstart.backbones import beginner, load
from headstart.core.statistics import wilson
from pretrained._probe import SETS, right, said, shares, split_of, with_interval
from pretrained._rate import fastest

WHAT, EMBEDDED, TEACHER = "embedded backbone", "headstart/embedded", "mobilenetv2_100"
EACH, MEAN, MEGABYTES, A_SECOND = ">= 0.4", ">= 0.6", "<= 8", ">= 60"

TIMED = 32
"""Pictures of a pass."""


def measure(asked: Asked) -> Iterator[dict[str, Any]]:
    """The size in the wheel; images a second; the share of each set and their mean."""
    folder = Path(load(EMBEDDED).card.path)
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    yield row(WHAT, "-", 0, "MB in the wheel", size, MEGABYTES)
    few = split_of(asked.data, asked.of(SETS)[0], "train").inputs[:TIMED]
    rate, engine, batch = fastest(load(EMBEDDED), few)
    how = f"{engine}, batch {batch}, threads: {torch.get_num_threads()}"
    yield row(WHAT, "-", 0, "images a second, decoding apart", rate, A_SECOND, how)
    for seed in asked.seeds:
        yield from _shares(asked, seed, engine)


def _shares(asked: Asked, seed: int, engine: str) -> Iterator[dict[str, Any]]:
    values, drawn = [], []
    for name in asked.of(SETS):
        answers = _answers(asked, name, seed, engine)
        value, resampled = shares(*answers.values())
        values.append(value)
        drawn.append(resampled)
        each = "; ".join(f"{label} {_accuracy(hits)}" for label, hits in answers.items())
        yield row(WHAT, name, seed, "share of the way", value, EACH, f"{with_interval(value, resampled)}; {each}")
    mean, resampled = float(np.mean(values)), np.mean(drawn, axis=0)
    yield row(WHAT, "mean", seed, "share of the way", mean, MEAN, with_interval(mean, resampled))


def _answers(asked: Asked, name: str, seed: int, engine: str) -> dict[str, np.ndarray]:
    """Network → for each test example whether it is right."""
    torch.manual_seed(seed)
    networks = {
        "random": beginner(EMBEDDED, fresh=True),
        "embedded": load(EMBEDDED),
        "teacher": load(asked.backbones / TEACHER),
    }
    train, test = split_of(asked.data, name, "train"), split_of(asked.data, name, "test")
    return {label: right(network, train, test, seed, engine) for label, network in networks.items()}


def _accuracy(hits: np.ndarray) -> str:
    figure = wilson(int(hits.sum()), len(hits))
    return f"{figure.value:.3f} {said(figure)}"
