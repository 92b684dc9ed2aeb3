"""Pairs of domains, each domain's features computed once, and a model of each."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sets import PICTURES, Split

BACKBONE = "torchvision_mobilenet_v2"
STRATEGY = "feature_extraction:depths=false"
GROUPS = {
    "digits_da": ("mnist", "usps"),
    "pacs_photo_sketch": ("photo", "sketch"),
    "amazon_multidomain": ("books", "dvd", "electronics", "kitchen"),
    "xlmt_sentiment": ("english", "french", "german", "spanish"),
}


def pairs(sets: str) -> list[tuple[str, str, str]]:
    """(set, source, target) of every pair of domains of the `sets` named, with commas between, or of ``all``."""
    wanted = list(GROUPS) if sets in ("all", "") else [name.strip() for name in sets.split(",")]
    if unknown := [name for name in wanted if name not in GROUPS]:
        raise ValueError(f"unknown sets: {', '.join(unknown)}; known: {', '.join(GROUPS)}")
    return [(name, *pair) for name in wanted for pair in permutations(GROUPS[name], 2)]


@dataclass(frozen=True)
class Domain:
    """A domain: a ``model`` of its training split, and the features by depth (N, D) and labels of both its splits."""

    model: Any
    features: dict[str, dict[str, np.ndarray]]
    labels: dict[str, list[str]]
    examples: dict[str, Any]


@cache
def domain(data: Path, backbones: Path, group: str, name: str, seed: int) -> Domain:
    """The domain `name` of the set `group`; the seed draws what is held out to calibrate its model."""
    import headstart

    splits = {part: _split(data / group / name, part) for part in ("train", "test")}
    pictures = Path(splits["train"].inputs[0]).suffix.lower() in PICTURES
    model = headstart.fit(
        str((data / group / name).resolve()),  # with its own test split, as a person would
        input=None if pictures else "text",
        target=None if pictures else "label",
        backbone=str((backbones / BACKBONE).resolve()) if pictures else None,
        strategy=STRATEGY,
        seed=seed,
        quiet=True,
    )
    examples = {part: model.examples(split.inputs) for part, split in splits.items()}
    features = {part: _kept(data, group, name, part, model, each) for part, each in examples.items()}
    return Domain(model, features, {part: split.labels for part, split in splits.items()}, examples)


@cache
def _features(data: Path, group: str, name: str, part: str) -> dict[str, Any]:
    """What was computed of a split; the backbone stands still, so it is the same for every model and seed."""
    return {}


def _kept(data: Path, group: str, name: str, part: str, model: Any, examples: Any) -> dict[str, np.ndarray]:
    known = _features(data, group, name, part)
    if not known:
        known.update(model.depth_features(examples))
    return known


def observed(source: Domain, target: Domain, part: str) -> Any:
    """One split of `target` as the model of `source` sees it, without running the backbone again."""
    from headstart.delivery.guard import NewExamples, Observed

    features = {name: torch.from_numpy(each) for name, each in target.features[part].items()}
    guard = source.model.needed_guard
    *earlier, last = (target.features[part][name] for name in guard.depths)
    with torch.no_grad():
        outputs = source.model.network.head(torch.from_numpy(last))
    strange, nearest = guard.look(features)
    examples = target.examples[part]
    return Observed(examples, [], NewExamples(list(examples.ids), last, outputs, strange, nearest, earlier))


def _split(folder: Path, part: str) -> Split:
    """Class folders of pictures, or a table of texts."""
    if (folder / part).is_dir():
        paths = sorted(path for path in (folder / part).glob("*/*") if path.suffix.lower() in PICTURES)
        return Split([str(path) for path in paths], [path.parent.name for path in paths])
    with (folder / f"{part}.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return Split([row["text"] for row in rows], [row["label"] for row in rows])
