"""What the processes of the measurements share: their job, the pictures as tensors, and two clocks."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from headstart.backbones.base import Backbone, Batch, collate
from headstart.data.modalities import MODALITIES
from headstart.frozen.engines import ENGINES
from headstart.frozen.engines.base import Engine, agrees
from headstart.frozen.engines.eager import Eager


@dataclass
class Clocks:
    """Wall and CPU seconds of a block, all threads of the process included."""

    wall: float = 0.0
    cpu: float = 0.0

    def __enter__(self) -> Clocks:
        self._began = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *error: object) -> None:
        self.wall = time.perf_counter() - self._began[0]
        self.cpu = time.process_time() - self._began[1]


def serve(work: Callable[[dict[str, Any]], Any]) -> None:
    """Do the job that the command line names, and write what `work` returns where it asks."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    Path(job["answer"]).write_text(json.dumps(work(job)), encoding="utf-8")


class Decoder:
    """Pictures as tensors, decoded and preprocessed the way headstart does."""

    def __init__(self, backbone: Backbone) -> None:
        self.image, self.preprocess = MODALITIES.load("image")(), backbone.preprocess

    def __call__(self, path: str) -> Batch:
        """One picture, without the leading N."""
        return self.preprocess(self.image.decode(Path(path), self.preprocess.size_hint))

    def batches(self, paths: Sequence[str], size: int) -> Iterator[Batch]:
        """Full batches of `size`; the last one is filled up, for an engine is made for one shape."""
        for start in range(0, len(paths), size):
            examples = [self(path) for path in paths[start : start + size]]
            yield collate(examples + [examples[-1]] * (size - len(examples)))


def available(device: str) -> list[str]:
    """The engines that can run here: their libraries are installed and `device` suits them."""
    return [name for name in ENGINES.names() if _engine(name).available(torch.device(device))]


def _engine(name: str) -> Engine:
    engine: Engine = ENGINES.load(name)()
    return engine


def prepared(name: str, module: torch.nn.Module, sample: Batch, device: str) -> Engine:
    """The engine `name`, ready for `module`.

    Raises
    ------
    RuntimeError : it cannot run here.
    """
    engine = _engine(name)
    if not engine.available(torch.device(device)):
        raise RuntimeError(f"{name} cannot run on {device}; those that can: {', '.join(available(device))}")
    engine.prepare(module, sample, torch.device(device))
    return engine


def as_plain(engine: Engine, module: torch.nn.Module, sample: Batch, device: str) -> bool:
    """Whether `engine`, prepared, gives for `sample` what plain PyTorch gives, else no fit would use it."""
    plain = Eager()
    plain.prepare(module, sample, torch.device(device))
    return agrees(plain.run(sample), engine.run(sample), engine.tolerance)
