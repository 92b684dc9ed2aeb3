"""The static prior: how well a backbone is thought to do beforehand, by published accuracy, else by size and age."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from headstart.backbones.folders.detector_names import finds_boxes
from headstart.backbones.folders.lstm_names import KIND as STACKED_LSTM

_TABLE = Path(__file__).with_name("published_accuracy.csv")
"""Columns: library, architecture, weights, percent, source. Each figure is that of a head on the backbone: top-1 on
ImageNet-1k for pictures, the average of MTEB's classification sets for texts."""

_YEARS = {"vgg": 2014, "resnet": 2015, "inception": 2015, "squeezenet": 2016, "densenet": 2016, "mobilenetv1": 2017}
_YEARS |= {
    "mobilenetv2": 2018,
    "efficientnet": 2019,
    "mobilenetv3": 2019,
    "vit": 2020,
    "swin": 2021,
    "convnext": 2022,
}

_BROAD = (1000, 21841, 21843, 11821)
"""Numbers of classes of ImageNet's editions."""

NARROW, PARTIAL, DECODER, PAIRS, BOXES, RECURRENT = 6.0, 12.0, 5.0, 30.0, 15.0, 15.0
"""Points off: for labels other than ImageNet's, for a network whose last stages are missing, for a decoder, whose
early tokens see little, for a classifier of pairs of sentences, to which every class costs a run, for a detector,
whose pooled maps were never meant to tell whole pictures apart, and for a recurrent network, which a person taught
on a few texts of their own."""

BROAD_PICTURES, FEWER = 1_281_167, 8.0
"""ImageNet-1k's pictures, and points off for each tenfold fewer that a network was taught on from random weights. A
guess: with labels alone a ResNet-50 loses 20 (Chen et al. 2020, arXiv:2006.10029, 76.6 % to 56.4 %), but a teacher
says more of each picture."""


class Prior(NamedTuple):
    """``rank`` in points of accuracy, higher first. ``published`` is the figure it rests on, and None where it is
    estimated from size and age; ``source`` says where that stands."""

    rank: float
    published: float | None = None
    source: str = ""


class _Row(NamedTuple):
    architecture: str
    weights: str
    percent: float
    source: str


def of_weights(library: str, architecture: str, weights: str = "") -> Prior | None:
    """The published figure of `weights`, or the lowest of an architecture of unknown weights, or None."""
    rows = [row for row in _published().get(library, ()) if row.architecture == architecture or not architecture]
    exact = [row for row in rows if row.weights == weights]
    found = exact or (rows if architecture else [])
    if not found:
        return None
    row = min(found, key=lambda row: row.percent)
    return Prior(row.percent, row.percent, row.source)


def of_files(config: Mapping[str, Any], parameters: int, sentences: bool, pairs: bool) -> Prior:
    """The prior of a backbone in a folder, by its ``config.json``.

    Parameters
    ----------
    sentences : whether it is a sentence encoder. pairs : whether it is a classifier of pairs of sentences.
    """
    if finds_boxes(config):
        return for_boxes(parameters)
    tag = str((config.get("pretrained_cfg") or {}).get("tag") or "")
    if "architecture" in config:
        library = "torchvision" if config.get("library") == "torchvision" else "timm"
        known = of_weights(library, str(config["architecture"]).split(".")[0], tag)
        found = known or estimated(str(config["architecture"]), parameters)
        off = _breadth(config) + PARTIAL * bool(config.get("last_stage"))
        # Such weights have no published figure of their own: the architecture's is the best guess.
        return Prior(found.rank - off) if off else found
    where = str(config.get("_name_or_path") or "")
    if vision := config.get("vision_config"):
        sizes = [vision.get(key, default) for key, default in _TOWER]
        kind = "-".join(map(str, [config.get("model_type"), *sizes]))
        return of_weights("towers", kind, where) or estimated("vit", parameters)
    if "patch_size" in config:
        return estimated("vit", parameters)
    text = _text_kind(config, sentences)
    found = of_weights("texts", text, where) or estimated_text(parameters, sentences)
    decoder = any("CausalLM" in name or "LMHead" in name for name in config.get("architectures") or [])
    recurrent = "recurrent" in config or STACKED_LSTM in config
    return found._replace(rank=found.rank - DECODER * decoder - PAIRS * pairs - RECURRENT * recurrent)


def _breadth(config: Mapping[str, Any]) -> float:
    """Points off for what it was pretrained on, beside ImageNet."""
    if pictures := config.get("learnt_from"):
        return FEWER * max(0.0, math.log10(BROAD_PICTURES / pictures))
    return NARROW * (config.get("num_classes") not in _BROAD)


def of_masks(kind: str, parameters: int) -> Prior:
    """The prior of a network that was pretrained on masks: as a classifier on labels other than ImageNet's."""
    return Prior(estimated(kind, parameters).rank - NARROW)


_TOWER = (("hidden_size", 768), ("patch_size", 32), ("image_size", 224))
"""What ``vision_config`` says of a picture tower, and what it means where it does not."""


def _text_kind(config: Mapping[str, Any], sentences: bool) -> str:
    sizes = [config.get("num_hidden_layers"), config.get("hidden_size")]
    return "-".join(map(str, [config.get("model_type"), *sizes])) + ("-sentences" if sentences else "")


def estimated(architecture: str, parameters: int) -> Prior:
    """For pictures: 71.2 + 5.8 log10(parameters / 10 M) + 1.7 (year - 2016).

    Least squares over 32 networks of torchvision's table from AlexNet to MaxViT, which it leaves 4 points of spread.
    """
    kind = re.sub(r"[^a-z0-9]", "", architecture.lower())
    year = max((year for family, year in _YEARS.items() if family in kind), default=2016)
    return Prior(71.2 + 5.8 * math.log10(max(parameters, 1) / 1e7) + 1.7 * (year - 2016))


def for_boxes(parameters: int) -> Prior:
    """For detectors, as backbones for whole pictures."""
    return Prior(estimated("", parameters).rank - BOXES)


def estimated_text(parameters: int, sentences: bool) -> Prior:
    """For texts: 61.7 + 3 log10(parameters / 110 M), and 3.4 more for a sentence encoder.

    MTEB's averages: BERT (110 M) 61.7 and MPNet for sentences (109 M) 65.1; three points for tenfold weights lie
    between the 2.9 from MiniLM-L6 to MPNet and the 3.3 from ST5-Base to ST5-XL.
    """
    return Prior(61.7 + 3 * math.log10(max(parameters, 1) / 1.1e8) + 3.4 * sentences)


@cache
def _published() -> dict[str, list[_Row]]:
    """The rows of the table by library."""
    found: dict[str, list[_Row]] = {}
    with _TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            entry = _Row(row["architecture"], row["weights"], float(row["percent"]), row["source"])
            found.setdefault(row["library"], []).append(entry)
    return found
