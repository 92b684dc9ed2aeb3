"""Frames and patients hidden in file names: whether the tool finds them; its honest figure beside the naive one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageEnhance
from sets import read

from planted._models import BACKBONE

SETS = ("vehicles", "chest_xray")
GROUPS, FEWEST, MOST = 150, 2, 6
"""Pictures that are made into groups, and how many frames of each there are."""

STRAYS = 30
"""Pictures that belong with no other, named as a camera does."""

PROBE = "feature_extraction:depths=false"
MUST_FIND = ">= 0.95"


@dataclass(frozen=True)
class Planted:
    """N frames with their class and group, and a name for each below the folder of its class."""

    frames: list[PIL.Image.Image]
    labels: list[str]
    groups: np.ndarray
    names: list[str]

    def write(self, folder: Path, order: Sequence[int] | None = None) -> Path:
        """Class folders, each frame under its own name, or under that of the frame at its place in `order`."""
        for i, frame in enumerate(self.frames):
            path = folder / self.labels[i] / (self.names[i] if order is None else self.names[order[i]])
            path.parent.mkdir(parents=True, exist_ok=True)
            frame.save(path, quality=92)
        return folder


def measure(data: Path, backbones: Path, seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
    """What ``headstart check`` and ``fit`` say of the files, without and with ``--group auto``.

    Beside: the same pictures under each other's names, which then lie, and under plain numbers.
    """
    backbone = str((backbones / BACKBONE).resolve())
    for name in SETS:
        whole = read(name, data, 0, 0, 0)
        for seed in seeds:
            generator = np.random.default_rng(seed)
            planted = plant(whole.train.inputs, whole.train.labels, name, generator)
            with tempfile.TemporaryDirectory(prefix="headstart-groups-") as folder:
                for figure, value, must in _figures(planted, Path(folder), backbone, generator):
                    yield {
                        "planted": "groups", "set": name, "seed": seed, "figure": figure, "value": value,
                        "must": must,
                    }  # fmt: skip


def plant(inputs: Sequence[str], labels: Sequence[str], kind: str, generator: np.random.Generator) -> Planted:
    """Groups of 2 to 6 frames, and strays; names as people write them: gaps, other widths, other endings."""
    drawn = generator.permutation(len(inputs))[: GROUPS + STRAYS]
    sizes = [*generator.integers(FEWEST, MOST + 1, GROUPS).tolist(), *[1] * STRAYS]
    groups = np.repeat(np.arange(len(drawn)), sizes[: len(drawn)])
    pictures = [PIL.Image.open(inputs[i]).convert("RGB") for i in drawn]
    names: list[str] = []
    for group in range(len(drawn)):
        numbers = np.sort(generator.choice(400, sizes[group], replace=False))
        stray = group >= GROUPS
        names += (
            [f"DSC{generator.integers(100):02d}{group:03d}.jpg"] if stray else _named(kind, group, numbers, generator)
        )
    return Planted(
        [_frame(pictures[group], generator) for group in groups],
        [labels[drawn[group]] for group in groups],
        groups,
        names,
    )


def _named(kind: str, group: int, numbers: np.ndarray, generator: np.random.Generator) -> list[str]:
    """Names of the frames `numbers` of one group: of a video, or of a patient, here and there written otherwise."""
    ending = ("jpg", "jpeg")[int(generator.integers(2))]
    if kind == "chest_xray":
        who = (f"patient{group:03d}", f"patient{group}", f"Patient_{group:03d}")[int(generator.integers(3))]
        return [f"{who}_{('PA', 'AP', 'LAT')[int(n) % 3]}_{n}.{ending}" for n in numbers]
    return [f"vid{group:03d}_f{n:0{int(generator.integers(1, 5))}d}.{ending}" for n in numbers]


def _frame(picture: PIL.Image.Image, generator: np.random.Generator) -> PIL.Image.Image:
    """Another look at the same thing: 70 to 90 % of both sides, somewhat brighter or darker."""
    width, height = picture.size
    left = generator.uniform(0.7, 0.9)
    wide, high = round(left * width), round(left * height)
    x, y = int(generator.integers(0, width - wide + 1)), int(generator.integers(0, height - high + 1))
    part = picture.crop((x, y, x + wide, y + high))
    return PIL.ImageEnhance.Brightness(part).enhance(float(generator.uniform(0.8, 1.2)))


def _figures(
    planted: Planted, folder: Path, backbone: str, generator: np.random.Generator
) -> Iterator[tuple[str, float, str | None]]:
    named = planted.write(folder / "named")
    yield "adjusted Rand index", _agreement(planted, named, backbone, folder), MUST_FIND
    yield "adjusted Rand index, names alone", _agreement(planted, named, None, folder), MUST_FIND
    yield "check calls it serious", _gravest(named, backbone, folder), ">= 1"
    yield "check with --group auto speaks", _gravest(named, backbone, folder, "--group", "auto"), "<= 0"
    lying = planted.write(folder / "lying", generator.permutation(len(planted.names)).tolist())
    yield "check calls lying names serious", float(_gravest(lying, backbone, folder) == 1), "<= 0"
    plain = Planted(planted.frames, planted.labels, planted.groups, _numbers(len(planted.names), generator))
    yield "check speaks of plain numbers", _gravest(plain.write(folder / "plain"), backbone, folder), "<= 0"
    yield "naive accuracy", _accuracy(named, backbone, folder, "naive"), None
    yield "honest accuracy", _accuracy(named, backbone, folder, "honest", "--group", "auto"), None


def _numbers(count: int, generator: np.random.Generator) -> list[str]:
    return [f"{i:05d}.jpg" for i in generator.permutation(count)]


def _agreement(planted: Planted, named: Path, backbone: str | None, folder: Path) -> float:
    """Of the groups by which ``--group auto`` divides the examples with those planted; 0 where it finds none."""
    from sklearn.metrics import adjusted_rand_score

    from headstart.backbones import load
    from headstart.core.progress import Progress
    from headstart.core.spec import FitSpec
    from headstart.core.timing import Stopwatch
    from headstart.experiment.examination.grouping import prepared
    from headstart.experiment.material import find

    spec = FitSpec(named, group="auto", backbone=backbone, store=False)
    quiet = Progress(quiet=True)
    material = prepared(find(spec, quiet), spec, backbone and load(backbone), Stopwatch(), quiet)
    ids = [f"{label}/{name}" for label, name in zip(planted.labels, planted.names, strict=True)]
    truth = dict(zip(ids, planted.groups.tolist(), strict=True))
    found = material.examples.groups
    return 0.0 if found is None else float(adjusted_rand_score([truth[i] for i in material.examples.ids], found))


def _gravest(named: Path, backbone: str, folder: Path, *options: str) -> float:
    """1 where ``check`` finds torn groups and calls that serious, a half where less grave, 0 where it is silent."""
    said = json.loads(_run(folder, "check", str(named), "--backbone", backbone, "--json", *options))
    grave = [finding["severity"] for finding in said["findings"] if finding["diagnosis"] == "groups"]
    return 1.0 if "serious" in grave else 0.5 if grave else 0.0


def _accuracy(named: Path, backbone: str, folder: Path, out: str, *options: str) -> float:
    """The test accuracy that a fit states."""
    command = ("fit", str(named), "--backbone", backbone, "--strategy", PROBE, "--out", str(folder / out), "--json")
    figure = json.loads(_run(folder, *command, *options))["test"]["accuracy"][0]
    shutil.rmtree(folder / out)
    return float(figure)


def _run(folder: Path, *arguments: str) -> str:
    """What a command prints, with a store of its own."""
    environment = {**os.environ, "HEADSTART_CACHE": str(folder / "store")}
    command = [sys.executable, "-m", "headstart", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode not in (0, 3):
        raise RuntimeError(f"{arguments[0]} failed ({done.returncode}): {done.stderr[-500:]}")
    return done.stdout
