"""Old examples as a finished network saw them, replayed from its guard; and new ones as it sees them now."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from headstart.backbones.base import Batch
from headstart.core.device import choose_device
from headstart.core.errors import UsageError
from headstart.core.labelling import copies_of
from headstart.core.progress import Progress
from headstart.data.examples import Examples
from headstart.data.modalities import MODALITIES
from headstart.delivery.artifact import Model
from headstart.delivery.guard import Seen, half
from headstart.delivery.inference import Computed, Inference
from headstart.model.network import Network


@dataclass(frozen=True)
class Remembered:
    """N examples as a network sees them.

    ``features`` are (N, D_s) by depth, in half precision whether they were stored or computed just now, so that both
    are alike. ``ids`` are N names, ``targets`` N raw ones.
    """

    features: Mapping[str, np.ndarray]
    ids: Sequence[str]
    targets: Sequence[Any]

    def __len__(self) -> int:
        return len(self.ids)

    def __add__(self, other: Remembered) -> Remembered:
        features = {name: np.concatenate([each, other.features[name]]) for name, each in self.features.items()}
        return Remembered(features, [*self.ids, *other.ids], [*self.targets, *other.targets])

    def select(self, rows: Sequence[int] | np.ndarray) -> Remembered:
        """The examples at `rows`, in that order."""
        places = np.asarray(rows, np.int64)
        features = {name: each[places] for name, each in self.features.items()}
        return Remembered(features, [self.ids[i] for i in places], [self.targets[i] for i in places])

    def read_by(self, network: Network) -> Tensor:
        """What the network's head reads, (N, D)."""
        names = network.depths or [list(self.features)[-1]]
        return torch.from_numpy(np.concatenate([self.features[name] for name in names], axis=1)).float()

    def outputs(self, network: Network) -> Tensor:
        """What the network's head says of them, (N, C)."""
        with torch.inference_mode():
            return network.head(self.read_by(network)).float().clone()

    def seen(self, outputs: Tensor) -> Seen:
        """The same for a guard."""
        return Seen(self.tensors(), outputs, self.ids, self.targets)

    def tensors(self) -> dict[str, Tensor]:
        """The features as tensors."""
        return {name: torch.from_numpy(each) for name, each in self.features.items()}


@dataclass(frozen=True)
class Memory:
    """Old examples: those that are ``learnt`` from again, and those that were ``held_out``.

    ``unseen`` says whether the old network had not learnt from the held-out ones. The learnt ones are drawn from
    ``drawn_from`` in all.
    """

    learnt: Remembered
    held_out: Remembered
    unseen: bool
    drawn_from: int


def memory_of(model: Model) -> Memory:
    """The old examples that the guard of `model` keeps.

    Raises
    ------
    UsageError : it keeps no guard, or one of an older headstart, or nothing was held out for its fit.
    """
    guard, names = model.needed_guard, depths_of(model)
    if guard.nothing_held_out:
        raise UsageError(
            "There were too few examples to hold any out when this model was fitted, so nothing would show what its "
            "old classes lose. Fit anew on the old and the new examples together."
        )
    learnt = {**dict(zip(guard.depths, guard.familiar, strict=True)), **guard.deeper}
    held_out = {**guard.held_out_deeper, guard.depths[-1]: guard.held_out}
    if not set(names) <= learnt.keys() & held_out.keys() or not len(guard.held_out_classes) or not len(guard.classes):
        raise UsageError(
            "This model folder was written by an older headstart: its guard does not hold all that a head can be "
            "learnt from again. Name the examples that it was made from with --old, or fit it anew."
        )
    labels = model.labels
    return Memory(
        Remembered({name: learnt[name] for name in names}, guard.ids, [labels[i] for i in guard.classes]),
        Remembered(
            {name: held_out[name] for name in names}, guard.held_out_ids, [labels[i] for i in guard.held_out_classes]
        ),
        guard.unseen,
        sum(model.task.describe()["counts"]),
    )


def depths_of(model: Model) -> list[str]:
    """Depths whose features the guard or the head needs, the last depth last."""
    *earlier, last = model.needed_guard.depths
    return [*(name for name in dict.fromkeys([*earlier, *model.network.depths]) if name != last), last]


def as_seen_by(model: Model, examples: Examples, progress: Progress) -> Remembered:
    """`examples`, which can all be decoded, as the network of `model` sees them."""
    names = depths_of(model)
    computed = computed_once(
        model, examples, names, lambda features: [half(features[name]) for name in names], progress
    )
    parts = list(zip(*computed.looked, strict=True))
    features = {name: np.concatenate(each) for name, each in zip(names, parts, strict=True)}
    return Remembered(features, list(computed.examples.ids), list(computed.examples.targets or []))


def computed_once(
    model: Model, examples: Examples, depths: Sequence[str], look: Callable[[Batch], Any], progress: Progress
) -> Computed:
    """What the network of `model` makes of `examples`, and what `look` makes of their features at `depths`.

    Raises
    ------
    InputError : more than a tenth cannot be decoded.
    """
    with computing(model, depths, progress) as inference:
        return inference.run(examples, look)


@contextlib.contextmanager
def computing(model: Model, depths: Sequence[str], progress: Progress) -> Iterator[Inference]:
    """The network of `model` at work for the block, which can be shown the features at `depths`.

    It is on the CPU afterwards, where all lies that is kept of examples.
    """
    modality = MODALITIES.load(model.modality)()
    try:
        yield Inference(model.network, modality, choose_device(model.device), model.engine, progress, depths)
    finally:
        model.network.cpu()


def known_among(new: Remembered, old: Sequence[Remembered]) -> np.ndarray:
    """(N,) whether a new example is one of the old, told by its features at the last depth."""
    last = list(new.features)[-1]
    return copies_of(np.concatenate([each.features[last] for each in old]), new.features[last])
