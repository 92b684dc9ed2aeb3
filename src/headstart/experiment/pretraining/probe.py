"""The online probe of a pretraining: what linear heads on a network's features say of labelled examples."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from headstart.backbones.base import Backbone, Batch, collate
from headstart.core.ahead import ahead
from headstart.core.arrays import bytes_of
from headstart.core.errors import InputError, UsageError
from headstart.core.files import digest
from headstart.core.progress import Progress
from headstart.core.results import Figure
from headstart.core.spec import FitSpec
from headstart.core.timing import Stopwatch
from headstart.delivery.writing import figure_name, figure_value
from headstart.experiment.material import find, prepare
from headstart.experiment.out_of_fold import out_of_fold
from headstart.experiment.selection.halving import drawn, stratified_order
from headstart.experiment.selection.selector import without_test
from headstart.frozen.inputs import Inputs
from headstart.frozen.stacked import filled
from headstart.ladder.comparison import HeldOut

MOST = 1000
"""Labelled examples that are looked at, at most: the probe is taken again and again."""

AT_ONCE = 32
"""Examples of a batch."""

FIGURES = ("before", "after", "gain", "teacher")


@dataclass(frozen=True)
class Probed:
    """What the probe says of a student before and after, and of its teacher if any, on so many ``examples``.

    ``gain`` is how much better it is after, paired, positive where it is; ``share`` how far it came on the way from
    where it began to its teacher, None where that is no better than the beginning, or where there is none.
    """

    figure: str
    higher_is_better: bool
    examples: int
    before: Figure
    after: Figure
    gain: Figure
    teacher: Figure | None
    share: float | None

    def to_json(self) -> dict[str, Any]:
        """A plain object."""
        figures = {name: list(getattr(self, name) or ()) or None for name in FIGURES}
        rest = {name: getattr(self, name) for name in ("figure", "higher_is_better", "examples", "share")}
        return {**rest, **figures}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Probed:
        """The inverse of :meth:`to_json`."""
        figures = {name: Figure(*plain[name]) if plain[name] else None for name in FIGURES}
        return cls(**{**plain, **figures})


class Probe:
    """Probes networks on the labelled examples `data`; a test split among them is never read, nor is one drawn.

    Heads are judged out of fold: each example by one that has not seen it, nor its copies or its group.

    Raises
    ------
    InputError : the examples are of another kind than `modality`, or cannot be used.
    UsageError : their targets have places in them.

    ``seconds`` are those that the last look took.
    """

    name = "the probe"

    def __init__(self, spec: FitSpec, modality: str, stopwatch: Stopwatch, device: torch.device) -> None:
        quiet = Progress(quiet=True)
        found = find(spec, quiet)
        if found.examples.modality != modality:
            raise InputError(f"{spec.data}: the probe needs {modality} examples, as those that are learnt from are.")
        if found.task.reads_maps:
            raise UsageError(f"A probe is a head on pooled features, and {found.task.name} reads maps.")
        learnt, spec = without_test(found, spec)
        material = prepare(learnt, spec, stopwatch, quiet)
        self.task, self.device = material.task, device
        self.drawn = drawn(material, stratified_order(material, spec.seed)[:MOST], spec.seed)
        rows = self.drawn.rows.tolist()
        self._examples = material.examples.select(rows)
        self._keys = [material.checked.fingerprints[row] for row in rows]
        self._modality, self._stopwatch = found.modality, stopwatch
        self.held_out = HeldOut(material.task, self.drawn.encoded, spec.seed)
        self.seconds = 0.0

    @property
    def fingerprint(self) -> str:
        """A digest of the examples and their targets."""
        return digest(*self._keys, bytes_of(self.drawn.encoded.numpy()))

    def outputs(self, backbone: Backbone) -> Tensor:
        """Outputs (n, C) out of fold of heads on the features of `backbone` as it is now."""
        began = time.perf_counter()
        inputs = Inputs(self._examples, self._modality, backbone.preprocess, self._keys, self._stopwatch)
        features = features_now(backbone, len(inputs), inputs.many, self.device)
        outputs = out_of_fold(self.task, features, self.drawn.encoded, self.drawn.folds)
        self.seconds = time.perf_counter() - began
        return outputs

    def figure(self, outputs: Tensor) -> Figure:
        """The watched figure with its 95 % interval."""
        return self.task.metrics(outputs, self.drawn.encoded)[self.task.watched]

    def said(self, outputs: Tensor) -> str:
        """``probe accuracy 71.2 %``."""
        name = self.task.watched
        written = figure_value(name, self.figure(outputs), self.task.higher_is_better[name])
        return f"probe {figure_name(name)} {written}"

    def better(self, outputs: Tensor, than: Tensor) -> bool:
        """Whether the watched figure of the one is better."""
        return self.held_out.gain(outputs, than).figure.value > 0

    def compared(self, before: Tensor, after: Tensor, teacher: Tensor | None) -> Probed:
        """What is told in the end; outputs (n, C) each, None where there is no teacher."""
        gone = self.held_out.gain(after, before).figure
        way = 0.0 if teacher is None else self.held_out.gain(teacher, before).figure.value
        share = gone.value / way if way > 0 else None
        higher = self.task.higher_is_better[self.task.watched]
        first, last = self.figure(before), self.figure(after)
        wanted = None if teacher is None else self.figure(teacher)
        return Probed(self.task.watched, higher, len(self.drawn.rows), first, last, gone, wanted, share)


@torch.no_grad()
def features_now(
    backbone: Backbone, count: int, decoded: Callable[[Sequence[int]], list[Batch]], device: torch.device
) -> Tensor:
    """Features (N, D) of `count` examples by a network whose weights move, so that nothing is stored."""
    backbone.to(device).eval()
    parts = [range(start, min(start + AT_ONCE, count)) for start in range(0, count, AT_ONCE)]
    batches = (collate(examples) for examples in ahead(decoded, parts))
    moved = ({name: tensor.to(device) for name, tensor in batch.items()} for batch in batches)
    return filled(count, (backbone.features(batch).float().cpu() for batch in moved))
