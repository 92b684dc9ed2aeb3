"""Small networks, inputs and a workbench for the tests of the spine: quick to train, easy to reason about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from headstart.backbones.base import Backbone, Batch, Card, Preprocess, Stage
from headstart.core.files import digest
from headstart.core.progress import Progress
from headstart.core.timing import Stopwatch
from headstart.data.examples import Examples
from headstart.data.modalities.base import Look, Modality
from headstart.frozen.choosing import Engines
from headstart.frozen.inputs import Inputs
from headstart.frozen.store import FrontierStore
from headstart.model.network import Network
from headstart.tasks import TASKS
from headstart.tasks.base import Task
from headstart.training.workbench import Workbench

SENTENCES = [
    "the quick brown fox",
    "a model learns from a few examples and then reads many more " * 3,
    "this film was good , that film was bad",
]


class Said(Progress):
    """Keeps what would have been said to a person."""

    def __init__(self) -> None:
        super().__init__(quiet=True)
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


def raw_inputs(modality: str, count: int = 3) -> list[Any]:
    """Inputs of different sizes, as preprocessing takes them."""
    if modality == "text":
        return [SENTENCES[i % len(SENTENCES)] + " fox" * (i // len(SENTENCES)) for i in range(count)]
    random = np.random.default_rng(0)
    return [Image.fromarray(random.integers(0, 255, (90 + 20 * (i % 3), 120, 3), np.uint8)) for i in range(count)]


class Direct(Modality):
    """References are the raw inputs themselves."""

    noun = "toys"
    suffixes: frozenset[str] = frozenset()

    def recognises(self, references: Sequence[Any]) -> bool:
        return True

    def decode(self, reference: Any, size_hint: int | None = None) -> Any:
        return reference

    def look(self, reference: Any) -> Look:
        return Look()

    def fingerprint(self, reference: Any) -> str:
        raw = reference.encode() if isinstance(reference, str) else np.asarray(reference).tobytes()
        return digest(raw)

    def show(self, reference: Any) -> str:
        return ""


class ToyPreprocess(Preprocess):
    """(3, 8, 8) arrays as they are; a view adds noise that follows from view and key."""

    def __init__(self, views: int = 1, offset: float = 0.0) -> None:
        self.views, self.offset = views, offset

    def __call__(self, raw: Any, view: int = 0, key: str = "") -> Batch:
        pixels = torch.as_tensor(raw, dtype=torch.float32) + self.offset
        if view:
            generator = torch.Generator().manual_seed(int(digest(key, str(view))[:8], 16))
            pixels = pixels + 0.3 * torch.randn(pixels.shape, generator=generator)
        return {"pixels": pixels}

    def describe(self) -> dict[str, Any]:
        return {"views": self.views, "offset": self.offset}


class ToyBackbone(Backbone):
    """Four convolutions with batch normalisation and dropout, traced; 8 features."""

    learning_rate = 1e-2
    feature_size = 8

    def __init__(self, views: int = 1, dropout: float = 0.2, pooling: str = "mean") -> None:
        super().__init__()
        self.card, self.preprocess, self.pooling = Card("toy/net", "image"), ToyPreprocess(views), pooling
        layers: list[nn.Module] = []
        for index, (width, out) in enumerate([(3, 4), (4, 6), (6, 8), (8, 8)]):
            layers += [nn.Conv2d(width, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU()]
            layers += [nn.Dropout(dropout)] if index < 3 else []
        pool: nn.Module = nn.AdaptiveMaxPool2d(1) if pooling == "max" else nn.AdaptiveAvgPool2d(1)
        self.network = nn.Sequential(*layers, pool, nn.Flatten())
        self.eval()

    def stages(self) -> list[Stage]:
        return [
            Stage(
                f"block{i}",
                tuple(f"network.{4 * i + j}.{kind}" for j in (0, 1) for kind in ("weight", "bias")),
                tuple(
                    f"network.{4 * i + 1}.{kind}" for kind in ("running_mean", "running_var", "num_batches_tracked")
                ),
            )
            for i in range(4)
        ]

    def features(self, batch: Batch) -> Tensor:
        return self.network(batch["pixels"])

    def depth_features(self, batch: Batch) -> Batch:
        middle = self.network[:8](batch["pixels"])
        return {"block1": middle.mean((2, 3)), "block3": self.network[8:](middle)}

    def describe(self) -> dict[str, Any]:
        return {"source": "toy", "name": "toy/net", "pooling": self.pooling}

    def traced(self) -> tuple[nn.Module, str]:
        return self.network, "pixels"


def toy_backbone(seed: int = 0, **settings: Any) -> ToyBackbone:
    """A toy backbone with seeded weights."""
    torch.manual_seed(seed)
    return ToyBackbone(**settings)


class Features(nn.Module):
    """A frozen part: features of pictures, and a whole number for each."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = toy_backbone()

    def forward(self, batch: Batch) -> Batch:
        return {
            "features": self.backbone.features(batch),
            "count": torch.ones(len(batch["pixels"]), dtype=torch.long),
        }


def toy_pictures(count: int, seed: int = 0) -> tuple[list[np.ndarray], list[str]]:
    """(3, 8, 8) noise in which one of two channels is brighter, and which one: separable, but not by luck."""
    random = np.random.default_rng(seed)
    labels = ["red" if i % 2 else "green" for i in range(count)]
    pictures = random.normal(0, 1, (count, 3, 8, 8)).astype(np.float32)
    for picture, label in zip(pictures, labels, strict=True):
        picture[0 if label == "red" else 1] += 0.8
    return list(pictures), labels


def inputs_of(backbone: Backbone, raw: Sequence[Any], stopwatch: Stopwatch | None = None) -> Inputs:
    """`raw` ready for `backbone`, keyed by content."""
    modality = Direct()
    examples = Examples(backbone.card.modality, list(raw), [f"example {i}" for i in range(len(raw))])
    keys = [modality.fingerprint(reference) for reference in raw]
    return Inputs(examples, modality, backbone.preprocess, keys, stopwatch or Stopwatch())


def toy_bench(
    backbone: Backbone,
    folder: Path,
    raw: Sequence[Any],
    targets: Sequence[Any],
    held_out: int = 0,
    store: FrontierStore | None = None,
) -> Workbench:
    """A workbench whose last `held_out` examples are held out; the task is chosen by the targets' type."""
    task = toy_task(targets)
    stopwatch, cut = Stopwatch(), len(raw) - held_out
    return Workbench(
        task=task,
        train=inputs_of(backbone, raw[:cut], stopwatch),
        targets=task.encode(targets[:cut]),
        validation=inputs_of(backbone, raw[cut:], stopwatch) if held_out else None,
        validation_targets=task.encode(targets[cut:]) if held_out else None,
        store=store,
        chosen_device=torch.device("cpu"),
        stopwatch=stopwatch,
        progress=Progress(quiet=True),
        seed=0,
        folder=folder,
        engines=Engines("eager"),
    )


def toy_task(targets: Sequence[Any]) -> Task:
    """Regression for numbers, classification for words."""
    return TASKS.load("regression" if isinstance(targets[0], float) else "classification").from_targets(targets)


def toy_network(backbone: Backbone, task: Task, seed: int = 0) -> Network:
    """`backbone` under a new head."""
    torch.manual_seed(seed)
    return Network(backbone, task.head(backbone.feature_size))


def same_state(first: nn.Module, second: nn.Module) -> bool:
    """Whether two networks hold the same numbers, bit for bit."""
    a, b = first.state_dict(), second.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)
