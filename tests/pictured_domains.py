"""Two domains of toy pictures, the second darker, under a network that may be trained: what deep adaptations need."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from headstart.adaptations._normalisation import follow
from headstart.adaptations.base import Deep, Domains
from headstart.backbones.base import Batch, collate
from headstart.core.progress import Progress
from headstart.core.timing import Stopwatch
from headstart.frozen.choosing import Engines
from headstart.frozen.inputs import Inputs
from headstart.model.network import Network, set_linear
from headstart.strategies._linear_head import fit_linear_head
from headstart.tasks.base import Task
from headstart.training.workbench import Workbench
from toys import inputs_of, toy_backbone, toy_pictures, toy_task

DEPTHS = ("block1", "block3")


def pictured(count: int = 120, depths: bool = False, labels: int = 0) -> tuple[Domains, np.ndarray]:
    """A source and a new domain of the same pictures at other contrast, and the new classes, which nobody knows.

    `depths` : whether the head reads two depths. `labels` : how many of the new inputs have a known class.
    """
    (raw, targets), (more, truth) = toy_pictures(count), toy_pictures(count, seed=1)
    task, backbone = toy_task(targets), toy_backbone(dropout=0.0)
    source, target = inputs_of(backbone, raw), inputs_of(backbone, [0.4 * each + 0.5 for each in more])
    follow(Network(backbone, task.head(backbone.feature_size)), source)  # as if it had been trained on the source
    encoded, known = task.encode(targets), task.encode(truth).numpy()
    names = DEPTHS if depths else DEPTHS[-1:]
    read = [[backbone.depth_features(batch_of(part))[name].detach() for name in names] for part in (source, target)]
    widths = tuple(each.shape[1] for each in read[0])
    old, new = (torch.cat(each, dim=1) for each in read)
    network = Network(backbone, task.head(sum(widths)), DEPTHS if depths else ())
    head = fit_linear_head(task, old, encoded, torch.ones(count), 0)
    set_linear(network.head, head.weight, head.bias)
    network.head_is_new = False
    return Domains(
        task, network.eval(), old.numpy(), encoded.numpy(), np.zeros(count, np.int64), new.numpy(),
        network.head(new).detach(), head.strength, labelled=np.arange(labels), classes_given=known[:labels],
        deep=Deep(target, source, encoded, lambda inputs, given, folder: bench(task, inputs, given, folder)),
        widths=widths,
    ), known  # fmt: skip


def batch_of(inputs: Inputs) -> Batch:
    """All inputs as one batch."""
    return collate(inputs.many(list(range(len(inputs)))))


def bench(task: Task, inputs: Inputs, encoded: Tensor, folder: Path) -> Workbench:
    """A workbench that keeps nothing in a store."""
    return Workbench(
        task, inputs, encoded, None, None, None, torch.device("cpu"), Stopwatch(), Progress(quiet=True), 0, folder,
        Engines("eager"),
    )  # fmt: skip
