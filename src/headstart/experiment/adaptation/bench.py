"""Lays out what adaptations that train the backbone work on: inputs of both domains, and a workbench for a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from headstart.adaptations.base import Deep
from headstart.core.device import choose_device
from headstart.core.progress import Progress
from headstart.core.timing import Stopwatch
from headstart.data.examples import Examples
from headstart.data.modalities import MODALITIES
from headstart.delivery.artifact import Model
from headstart.experiment.adaptation.clock import Clock
from headstart.frozen.choosing import Engines
from headstart.frozen.holdings import store_folder
from headstart.frozen.inputs import Inputs, joined
from headstart.frozen.store import FrontierStore
from headstart.tasks.base import Task
from headstart.training.workbench import Workbench

Labelled = tuple[Examples, np.ndarray]
"""Examples, and the places of their classes (n,)."""


def deep_of(
    model: Model, new: Examples, sources: list[Labelled], seed: int, clock: Clock, progress: Progress
) -> Deep:
    """The inputs of the new domain and of the sources, if any, and what lays out a workbench on some of them."""
    stopwatch = clock.stopwatch
    source, encoded = None, None
    for examples, classes in sources:
        inputs, known = inputs_of(model, examples, stopwatch), torch.from_numpy(classes.astype(np.int64))
        source = inputs if source is None else joined(source, inputs)
        encoded = known if encoded is None else torch.cat([encoded, known])
    store = FrontierStore(store_folder())

    def bench(inputs: Inputs, targets: Tensor, folder: Path) -> Workbench:
        return _bench(model.task, inputs, targets, folder, store, clock, progress, seed, model.device)

    return Deep(inputs_of(model, new, stopwatch), source, encoded, bench)


def inputs_of(model: Model, examples: Examples, stopwatch: Stopwatch) -> Inputs:
    """The examples as the model's network takes them, under the digests of their content."""
    modality = MODALITIES.load(model.modality)()
    keys = [modality.fingerprint(reference) for reference in examples.references]
    return Inputs(examples, modality, model.network.backbone.preprocess, keys, stopwatch)


def _bench(
    task: Task,
    inputs: Inputs,
    targets: Tensor,
    folder: Path,
    store: FrontierStore,
    clock: Clock,
    progress: Progress,
    seed: int,
    device: str,
) -> Workbench:
    torch.manual_seed(seed)
    return Workbench(
        task=task,
        train=inputs,
        targets=targets,
        validation=None,
        validation_targets=None,
        store=store,
        chosen_device=choose_device(device),
        stopwatch=clock.stopwatch,
        progress=progress,
        seed=seed,
        folder=folder,
        engines=Engines(records=folder),
        deadline=clock.end,
    )
