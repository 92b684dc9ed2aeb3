"""The contest of a finished model with others: what they learn from, and the examples that judge them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from headstart.core.results import Gain
from headstart.data.modalities.base import Look
from headstart.experiment.bench import every_input
from headstart.experiment.looks import KeptLooks
from headstart.experiment.material import Material
from headstart.frozen.inputs import Inputs
from headstart.ladder.comparison import HeldOut
from headstart.ladder.ladder import Ascent
from headstart.training.workbench import Workbench


@dataclass(frozen=True)
class Contest:
    """What the finished model and those without pretraining are measured on.

    Attributes
    ----------
    bench : what there is to learn from; ``kinds`` are the strata of its training examples.
    inputs, encoded, judged_kinds : the M examples that judge, with their targets and strata.
    outputs : (M, C) calibrated, of the finished model.
    looked : what the examples look like.
    """

    bench: Workbench
    kinds: Sequence[str]
    inputs: Inputs
    encoded: Tensor
    judged_kinds: Sequence[str]
    outputs: Tensor
    looked: KeptLooks

    @property
    def shallow(self) -> tuple[Any, Any]:
        """What :func:`headstart.core.shallow.shallow_features` takes, of the training and of the judging examples.

        Pictures were described when they were looked at; all else is as it is, or nothing if it is not even text.
        """
        return _described(self.bench.train, self.looked), _described(self.inputs, self.looked)

    def among(self, learnt: int, judged: int) -> Contest:
        """The same with at most so many examples to learn from and to judge by, the strata in proportion."""
        own, others = drawn(self.kinds, learnt, self.bench.seed), drawn(self.judged_kinds, judged, self.bench.seed)
        train, targets = self.bench.train.select(own.tolist()), self.bench.targets[torch.from_numpy(own)]
        places = torch.from_numpy(others)
        return Contest(
            replace(self.bench, train=train, targets=targets, compared=None),
            [self.kinds[i] for i in own],
            self.inputs.select(others.tolist()),
            self.encoded[places],
            [self.judged_kinds[i] for i in others],
            self.outputs[places],
            self.looked,
        )

    def against(self, outputs: Tensor, model: Tensor | None = None) -> Gain:
        """What others' `outputs` (M, C) reach on the watched figure, and by how much the model is better.

        Parameters
        ----------
        model : (M, C) of a model that takes the place of the finished one, which may have learnt from more.
        """
        task = self.bench.task
        own = self.outputs if model is None else model
        figure = task.metrics(outputs, self.encoded)[task.watched]
        difference = HeldOut(task, self.encoded, self.bench.seed).gain(own, outputs).figure
        if model is None:
            return Gain(figure, difference)
        return Gain(figure, difference, len(self.bench.train), len(self.inputs))


def contest_of(material: Material, bench: Workbench, ascent: Ascent, outputs: Tensor) -> Contest:
    """The contest on the test split, or on the held-out examples where there is none; `outputs` are of those.

    The others learn from what the model has learnt from.
    """
    task, split = material.task, material.split
    judged = split.test if len(split.test) else split.compared
    on_all = ascent.trained_on_all and judged is split.test
    learnt = np.concatenate([split.train, split.validation]) if on_all else split.train
    targets = material.targets(judged)
    return Contest(
        bench=replace(bench.whole() if on_all else bench, folder=bench.folder / "gains"),
        kinds=task.strata(material.targets(learnt)),
        inputs=every_input(material, bench).select(judged.tolist()),
        encoded=task.encode(targets),
        judged_kinds=task.strata(targets),
        outputs=outputs,
        looked=material.looked,
    )


def _described(inputs: Inputs, looked: KeptLooks) -> Any:
    def again(place: int) -> Look:
        return inputs.modality.look(inputs.examples.references[place])

    features = looked.shallow(inputs.keys, again)
    if features is not None:
        return features
    first = inputs.raw(0)
    return [inputs.raw(place) for place in range(len(inputs))] if isinstance(first, str) else [first]


def drawn(kinds: Sequence[str], most: int, seed: int) -> np.ndarray:
    """Places of at most `most` examples, in order, each kind in proportion to how common it is."""
    if len(kinds) <= most:
        return np.arange(len(kinds))
    order = np.random.default_rng(seed).permutation(len(kinds))
    numbers = np.unique(np.asarray(kinds, dtype=object).astype(str), return_inverse=True)[1][order]
    sizes, met = np.bincount(numbers), np.zeros(numbers.max() + 1)
    share = np.zeros(len(order))
    for place, kind in enumerate(numbers):
        share[place] = (met[kind] + 0.5) / sizes[kind]
        met[kind] += 1
    return np.sort(order[np.argsort(share, kind="stable")[:most]])


def fewest_drawn(kinds: Sequence[str], each: int) -> int:
    """How many :func:`drawn` takes before it has `each` of the rarest kind, or all of it."""
    sizes = np.unique(np.asarray(kinds, dtype=object).astype(str), return_counts=True)[1]
    share = (min(each, sizes.min()) - 0.5) / sizes.min()
    return int(np.floor(share * sizes + 0.5).sum())
