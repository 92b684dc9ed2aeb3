"""A small world to fit in: two miniature backbones, pictures of three fruits, texts on three topics."""

from __future__ import annotations

import contextlib
import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headstart.cli import main

HUES = {"apple": 0, "lime": 1, "plum": 2}
"""Class → the colour channel that is bright in its pictures: any network tells them apart, a random one too."""

_TOPICS = {
    "animals": "the quick brown fox jumps over the lazy dog",
    "films": "this film was good that film was bad and the third was neither",
    "learning": "a model learns from few examples and then reads many more",
}
WORDS = {topic: sentence.split() for topic, sentence in _TOPICS.items()}
"""Topic → the words of its texts, all of them in the vocabulary of the miniature text backbone."""

PROBE = ("--strategy", "feature_extraction:depths=false")
"""The cheapest fit."""

PHOTO_PROBE = ("--backbone", "local/tiny_resnet", *PROBE)
TEXT_PROBE = ("--backbone", "local/tiny_bert", *PROBE)


def pixels(channel: int, random: np.random.Generator) -> np.ndarray:
    """Noise with one bright colour channel, (40, 40, 3) uint8."""
    noise = random.integers(0, 60, (40, 40, 3), np.uint8)
    noise[:, :, channel] += 190
    return noise


def paint(folder: Path, counts: Mapping[str, int], seed: int = 0) -> Path:
    """Class folders with so many different pictures each."""
    from PIL import Image

    random = np.random.default_rng(seed)
    for name, count in counts.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            Image.fromarray(pixels(HUES[name], random)).save(folder / name / f"{number:02}.png")
    return folder


def texts(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """(text, topic), the topics in turn; every text is six words of its topic in a new order, and its number."""
    random = np.random.default_rng(seed)
    topics = [list(WORDS)[i % len(WORDS)] for i in range(count)]
    return [(" ".join(random.choice(WORDS[topic], 6)) + f" {i}", topic) for i, topic in enumerate(topics)]


def table(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """A CSV file of dicts."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def result_of(folder: Path) -> dict[str, Any]:
    """``result.json`` of a model folder."""
    return json.loads((folder / "result.json").read_text(encoding="utf-8"))


def status(*arguments: object) -> int:
    """The exit status of a command; argparse leaves by SystemExit."""
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as leaving:
        return int(leaving.code or 0)


@contextlib.contextmanager
def machine(backbones: Path, cache: Path, reasons: int = 0) -> Iterator[pytest.MonkeyPatch]:
    """A machine without a network on which only these backbones lie, with a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADSTART_CACHE", str(cache))
        alone_with(patch, backbones, reasons)
        yield patch


def alone_with(patch: pytest.MonkeyPatch, backbones: Path, reasons: int = 0) -> None:
    """No network, and only these backbones at hand; reports explain so many wrong and as many right answers.

    That is left to tests that look at them, for it takes a tenth of a short fit and more.
    """
    patch.setenv("HEADSTART_MODELS", str(backbones))
    patch.setenv("HF_HUB_OFFLINE", "1")
    for name in ("WRONG", "RIGHT"):
        patch.setattr(f"headstart.experiment.presentation.reasons.{name}", reasons)


def tiny_resnet(folder: Path) -> Path:
    """ResNet-18 with one block a stage and 8 to 16 channels, random weights, and the statistics of some noise."""
    import timm
    import torch
    from safetensors.torch import save_file

    arguments = {"layers": [1, 1, 1, 1], "channels": [8, 8, 16, 16]}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = timm.create_model("resnet18", zero_init_last=False, **arguments).train()
        for _ in range(20):
            network(torch.rand(16, 3, 1, 1) * 4 - 2 + torch.randn(16, 3, 32, 32) * 0.3)
    folder.mkdir()
    save_file(network.state_dict(), folder / "model.safetensors")
    shape = {"input_size": [3, 32, 32], "classifier": "fc", "crop_pct": 1.0}
    config = {"architecture": "resnet18", "pretrained_cfg": shape, "model_args": arguments, "license": "apache-2.0"}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def tiny_bert(folder: Path) -> Path:
    """Four layers, 32 wide, random weights, with a tokenizer of whole words."""
    import torch
    from safetensors.torch import save_file

    from headstart.backbones import SOURCES

    with torch.random.fork_rng():
        torch.manual_seed(0)
        tiny = SOURCES.load("transformers_text")().tiny("bert")
    folder.mkdir()
    tiny.save_assets(folder)
    (folder / "config.json").write_text(json.dumps(tiny.describe()["config"]))
    state = {name.removeprefix("network."): tensor for name, tensor in tiny.state_dict().items()}
    save_file(state, folder / "model.safetensors")
    return folder
