"""Pairs of domains, each domain's features computed once, and a model of each."""

from __future__ import annotations

import csv
import tempfile
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sets import PICTURES, Split

BACKBONE = "torchvision_mobilenet_v2"
STRATEGY = "feature_extraction"
"""A frozen backbone, whose features of every model can be computed once; else as a person would fit."""

GROUPS = {
    "digits_da": ("mnist", "usps"),
    "pacs_photo_sketch": ("photo", "sketch"),
    "amazon_multidomain": ("books", "dvd", "electronics", "kitchen"),
    "xlmt_sentiment": ("english", "french", "german", "spanish"),
}


KINDS = {
    "images": ("digits_da", "pacs_photo_sketch"),
    "text": ("amazon_multidomain", "xlmt_sentiment"),
    "all": tuple(GROUPS),
}


def pairs(sets: str) -> list[tuple[str, str, str]]:
    """(set, source, target) of every pair of domains of the `sets`, named with commas between, or of a kind."""
    named = [name.strip() for name in sets.split(",") if name.strip()] or ["all"]
    wanted = dict.fromkeys(name for one in named for name in KINDS.get(one, (one,)))
    if unknown := [name for name in wanted if name not in GROUPS]:
        raise ValueError(f"unknown sets: {', '.join(unknown)}; known: {', '.join([*GROUPS, *KINDS])}")
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

    splits = {part: split(data / group / name, part) for part in ("train", "test")}
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
    """Features at every depth, from the store where the fit has left them there."""
    from headstart.core.progress import Progress
    from headstart.experiment.adaptation.bench import deep_of
    from headstart.experiment.adaptation.clock import Clock
    from headstart.frozen.stacked import stacked

    known = _features(data, group, name, part)
    if not known:
        deep = deep_of(model, examples, [], 0, Clock(), Progress(quiet=True))
        with tempfile.TemporaryDirectory() as folder:
            bench = deep.bench(deep.target, torch.zeros(len(examples), dtype=torch.long), Path(folder))
            activations = bench.frozen_part(model.network.requires_grad_(False).eval()).over(deep.target)
            with torch.inference_mode():
                names = model.network.backbone.depth_features(bench.sample())
            known.update({name: stacked(activations, name).float().numpy() for name in names})
    return known


def observed(source: Domain, target: Domain, part: str) -> Any:
    """One split of `target` as the model of `source` sees it, without running the backbone again."""
    from headstart.delivery.guard import NewExamples, Observed
    from headstart.experiment.adaptation.inputs import NewInputs

    features = target.features[part]
    guard = source.model.needed_guard
    *earlier, last = (features[name] for name in guard.depths)
    with torch.no_grad():
        outputs = source.model.network.head(read(source, target, part))
    strange, nearest = guard.look({name: torch.from_numpy(each) for name, each in features.items()})
    examples = target.examples[part]
    new = NewExamples(list(examples.ids), last, outputs, strange, nearest, earlier)
    return NewInputs(Observed(examples, [], new), features)


def read(source: Domain, target: Domain, part: str) -> torch.Tensor:
    """What the head of the model of `source` reads of one split of `target`, (N, D)."""
    from headstart.experiment.adaptation.inputs import joined_depths, read_depths

    return torch.from_numpy(joined_depths(target.features[part], read_depths(source.model)))


def split(folder: Path, part: str) -> Split:
    """Class folders of pictures, or a table of texts."""
    if (folder / part).is_dir():
        paths = sorted(path for path in (folder / part).glob("*/*") if path.suffix.lower() in PICTURES)
        return Split([str(path) for path in paths], [path.parent.name for path in paths])
    with (folder / f"{part}.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return Split([row["text"] for row in rows], [row["label"] for row in rows])
