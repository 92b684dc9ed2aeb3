"""Frames and patients hidden in file names: whether they are found, and the honest figure beside the naive one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageEnhance
from sets import read

from planted._features import Features

SETS = {"vehicles": "vid{group:03d}_f{member:03d}.jpg", "chest_xray": "{member}/patient{group}_{member}.png"}
"""How a group and a member of it are named."""

GROUPS, MEMBERS = 150, 4
"""Pictures that are made into groups, and how many frames of each."""

MUST_FIND = ">= 0.95"


def measure(data: Path, backbones: Path, seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Agreement of the inferred with the planted groups, by features and by names alone; else none."""
    features = Features(backbones)
    for name, pattern in SETS.items():
        whole = read(name, data, 0, 0, 0)
        for seed in seeds:
            generator = np.random.default_rng(seed)
            drawn = generator.permutation(len(whole.train))[:GROUPS]
            labels = np.repeat([whole.train.labels[i] for i in drawn], MEMBERS)
            groups = np.repeat(np.arange(len(drawn)), MEMBERS)
            pictures = [PIL.Image.open(whole.train.inputs[i]).convert("RGB") for i in drawn]
            seen = features([_frame(pictures[group], generator) for group in groups])
            ids = [pattern.format(group=group, member=i % MEMBERS) for i, group in enumerate(groups)]
            hidden = [f"{i:05d}.jpg" for i in generator.permutation(len(ids))]
            for figure, value, must in _figures(ids, hidden, seen, labels, groups):
                yield {"planted": "groups", "set": name, "seed": seed, "figure": figure, "value": value, "must": must}


def _frame(picture: PIL.Image.Image, generator: np.random.Generator) -> PIL.Image.Image:
    """Another look at the same thing: 70 to 90 % of both sides, somewhat brighter or darker."""
    width, height = picture.size
    left = generator.uniform(0.7, 0.9)
    wide, high = round(left * width), round(left * height)
    x, y = int(generator.integers(0, width - wide + 1)), int(generator.integers(0, height - high + 1))
    part = picture.crop((x, y, x + wide, y + high))
    return PIL.ImageEnhance.Brightness(part).enhance(float(generator.uniform(0.8, 1.2)))


def _figures(
    ids: Sequence[str], hidden: Sequence[str], features: np.ndarray, labels: np.ndarray, groups: np.ndarray
) -> Iterator[tuple[str, float, str | None]]:
    from headstart.core.grouping import infer_groups

    yield "adjusted Rand index", _agreement(infer_groups(ids, features, labels), groups), MUST_FIND
    yield "adjusted Rand index, names alone", _agreement(infer_groups(ids, None, labels), groups), MUST_FIND
    shuffled = np.random.default_rng(0).permutation(features)
    yield "believed of strangers with such names", float(infer_groups(ids, shuffled, labels) is not None), "<= 0"
    yield "believed of plain numbers", float(infer_groups(hidden, features, labels) is not None), "<= 0"
    yield "naive accuracy", _accuracy(features, labels, np.arange(len(labels))), None
    yield "honest accuracy", _accuracy(features, labels, groups), None


def _agreement(inferred: Any, groups: np.ndarray) -> float:
    from sklearn.metrics import adjusted_rand_score

    return 0.0 if inferred is None else float(adjusted_rand_score(groups, inferred.groups))


def _accuracy(features: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> float:
    """Five-fold accuracy of a linear head, the members of a group in one fold."""
    import torch

    from headstart.experiment.out_of_fold import out_of_fold, stratified_folds
    from headstart.tasks import TASKS

    task = TASKS.load("classification").from_targets(labels.tolist())
    encoded, folds = task.encode(labels.tolist()), stratified_folds(labels.tolist(), groups, 0)
    if folds is None:
        raise ValueError("one group alone has no folds")
    outputs = out_of_fold(task, torch.from_numpy(features), encoded, folds)
    return float((outputs.argmax(dim=1) == encoded).float().mean())
