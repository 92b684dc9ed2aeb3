"""The guard of a model in use: what its training and held-out examples looked like, kept beside the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from headstart.core.errors import Problem, UsageError
from headstart.data.examples import Examples
from headstart.model import conformal, novelty
from headstart.model.unlabelled_accuracy import agreement
from headstart.tasks.base import Task

MOST_FAMILIAR, MOST_HELD_OUT = 5000, 1000
MOST_BYTES = 2**24
"""Training features take no more than this."""

MOST_COMPUTED, MOST_COMPUTED_EACH = 500, 40
"""So many training examples, or so many for each output if that is more, and half as many others, where their
features are in no store and must be computed."""

LARGEST_HALF = 65504.0

NONE = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Guard:
    """What it takes to tell whether an input is familiar, which labels cannot be excluded, and whether data drifted.

    Attributes
    ----------
    depths : stages whose pooled features are kept, the last depth last.
    familiar : for each depth (n, D) features of training examples. ids, targets : their names and targets, as words.
    classes : (n,) their classes, as places among the labels; empty where the task is none of one class each.
    threshold : the strangeness above which an input is unfamiliar.
    held_out : (m, D) features, at the last depth, of examples that the network did not train on.
    held_out_places : (m,) the label predicted for each, as a place among the labels; empty where there are none.
    unseen : whether that is so; False where the network was trained once more on them and nothing else was left.
    scores : conformal scores of held-out examples, by networks that had not seen them; empty for numbers.
    confidence, right : (h,) of the same: probability of the prediction, and 1 where it was right.
    shares : (C,) how common each class is among the held-out examples; empty like ``classes``.
    agreement : how often the nearest training examples agree with what is predicted for a held-out one.
    held_out_ids, held_out_classes : (m,) their names, and their true classes as places among the labels.
    deeper : depth → (n, D) features of the training examples that the head reads beside those of ``depths``.
    held_out_deeper : depth → (m, D) features of the held-out examples at all of these depths but the last.
    nothing_held_out : whether there were too few examples to hold any out: all that is said to be held out are then
        training examples, each judged by the others.

    The four before the last are empty in a folder of an older headstart.
    """

    depths: list[str]
    familiar: list[np.ndarray]
    ids: list[str]
    targets: list[str]
    threshold: float
    held_out: np.ndarray
    held_out_places: np.ndarray
    scores: np.ndarray
    confidence: np.ndarray
    right: np.ndarray
    classes: np.ndarray
    shares: np.ndarray
    agreement: float = 1.0
    unseen: bool = True
    held_out_ids: list[str] = field(default_factory=list)
    held_out_classes: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    deeper: dict[str, np.ndarray] = field(default_factory=dict)
    held_out_deeper: dict[str, np.ndarray] = field(default_factory=dict)
    nothing_held_out: bool = False
    _known: list[novelty.Familiar] = field(default_factory=list, repr=False, compare=False)

    @property
    def reference(self) -> str:
        """What a person calls the examples in ``held_out``, before a noun."""
        return "training" if self.nothing_held_out else "held-out"

    def known(self) -> list[novelty.Familiar]:
        """What the training features say about distances, prepared once."""
        if not self._known:
            self._known.extend(novelty.familiar(each) for each in self.familiar)
        return self._known

    def look(self, features: Mapping[str, Tensor]) -> tuple[np.ndarray, np.ndarray]:
        """Strangeness (n,) of n inputs, and the places of the nearest training examples (n, ≤ 10)."""
        return novelty.strangeness(self.known(), [features[name].float().numpy() for name in self.depths])


@dataclass(frozen=True)
class Seen:
    """Examples as the finished network sees them: ``features`` (N, D) by depth, and ``outputs`` (N, C).

    ``ids`` are their names, and ``targets`` raw; both empty where they are not known.
    """

    features: Mapping[str, Tensor]
    outputs: Tensor
    ids: Sequence[str] = ()
    targets: Sequence[Any] = ()


@dataclass(frozen=True)
class NewExamples:
    """N new inputs.

    ``features`` (N, D) at the last depth; ``outputs`` (N, C); how ``strange`` each is, (N,); and the places of the
    ``nearest`` training examples (N, k). ``earlier`` : features (N, D_s) at the guard's other depths, in order.
    """

    ids: Sequence[str]
    features: np.ndarray
    outputs: Tensor
    strange: np.ndarray
    nearest: np.ndarray
    earlier: Sequence[np.ndarray] = ()


@dataclass(frozen=True)
class Observed:
    """New ``examples`` that could be read, what was seen of them, and the others with what is wrong with them."""

    examples: Examples
    set_aside: list[Problem]
    new: NewExamples


@dataclass(frozen=True)
class Compared:
    """Examples by networks that had not seen them: ``outputs`` (N, C) and ``encoded`` targets.

    They are those held out, as the ladder compared networks on them; or ``out_of_fold`` all that were learnt from.
    """

    outputs: Tensor
    encoded: Tensor
    out_of_fold: bool = False


def chosen_depths(names: Sequence[str]) -> list[str]:
    """Of the depths of a backbone, input to output, the one half-way up and the last."""
    *earlier, last = names
    return [earlier[min(len(names) // 2, len(earlier) - 1)], last] if earlier else [last]


def balanced(strata: Sequence[str], most: int, seed: int) -> np.ndarray:
    """Places of at most `most` examples, in order: all of a rare stratum before the last of a common one."""
    order = np.random.default_rng(seed).permutation(len(strata))
    met: dict[str, int] = {}
    rank = np.zeros(len(strata), dtype=int)
    for place in order:
        rank[place] = met[strata[place]] = met.get(strata[place], 0) + 1
    return np.sort(order[np.argsort(rank[order], kind="stable")][:most])


def most_computed(outputs: int) -> int:
    """How many training examples' features are computed for a task of so many outputs, where none are stored."""
    return min(MOST_FAMILIAR, max(MOST_COMPUTED, MOST_COMPUTED_EACH * outputs))


def most_familiar(widths: Sequence[int]) -> int:
    """How many training examples are kept where their features have these widths."""
    return max(2, min(MOST_FAMILIAR, MOST_BYTES // (2 * sum(widths))))


def guard_of(
    task: Task,
    calibration: Mapping[str, float],
    familiar: Mapping[str, Tensor],
    ids: Sequence[str],
    targets: Sequence[Any],
    reference: Seen,
    compared: Compared,
    unseen: bool = True,
    depths: Sequence[str] = (),
    nothing_held_out: bool = False,
) -> Guard | None:
    """The guard of a finished network; None where there are too few examples for any.

    Parameters
    ----------
    familiar : features (n, D) by depth of training examples, at `depths` and at those that the head reads; `ids` and
        raw `targets` are theirs.
    reference : examples of a split that the network did not train on; `unseen` False where there is none such.
    compared : examples by networks that had not seen them: the held-out ones before they were trained on, or all.
    depths : from :func:`chosen_depths`, those by which it is told what is familiar; all that there are unless given.
    nothing_held_out : the reference are training examples, known by their ids: each is strange by the others.
    """
    depths = list(depths or familiar)
    if len(ids) < 2 or len(reference.outputs) < 2:
        return None
    most = most_familiar([features.shape[1] for features in familiar.values()])
    chosen = balanced(task.strata(targets), most, seed=0)
    ids, targets = [ids[i] for i in chosen], [targets[i] for i in chosen]
    halves = {name: half(features[torch.from_numpy(chosen)]) for name, features in familiar.items()}
    known = [novelty.familiar(halves[name]) for name in depths]
    place_of = {name: place for place, name in enumerate(ids)}
    own = np.array([place_of.get(name, -1) for name in reference.ids]) if nothing_held_out else None
    strange, nearest = novelty.strangeness(known, [reference.features[name].float().numpy() for name in depths], own)
    predicted = places(probabilities(task, reference.outputs, calibration))
    classes, shares = _classes(task, targets, compared)
    confidence, right = confidence_and_right(task, calibration, compared)
    kept = drawn(len(reference.outputs), MOST_HELD_OUT)
    seen = {name: half(features)[kept] for name, features in reference.features.items()}
    return Guard(
        depths=depths,
        familiar=[halves[name] for name in depths],
        ids=ids,
        targets=[task.say(target) for target in targets],
        threshold=novelty.threshold(strange),
        held_out=seen[depths[-1]],
        held_out_places=predicted[kept] if len(predicted) else predicted,
        scores=_conformal_scores(task, calibration, compared),
        confidence=confidence,
        right=right,
        classes=classes,
        shares=shares,
        agreement=agreement(nearest, classes, predicted) if len(classes) else 1.0,
        unseen=unseen,
        held_out_ids=[reference.ids[i] for i in kept] if reference.ids else [],
        held_out_classes=_places_of(task, reference.targets)[kept] if len(classes) and reference.targets else NONE,
        deeper={name: each for name, each in halves.items() if name not in depths},
        held_out_deeper={name: each for name, each in seen.items() if name != depths[-1]},
        nothing_held_out=nothing_held_out,
        _known=known,
    )


def drawn(count: int, most: int, seed: int = 0) -> np.ndarray:
    """Places of at most `most` of `count` examples at random, in order: those of one class may lie together."""
    return np.sort(np.random.default_rng(seed).permutation(count)[:most])


def probabilities(task: Task, outputs: Tensor, calibration: Mapping[str, float]) -> np.ndarray | None:
    """(N, C) calibrated; None where the task has none."""
    try:
        return task.probabilities(outputs, calibration)
    except UsageError:
        return None


def places(probable: np.ndarray | None) -> np.ndarray:
    """(N,) the likeliest label of each; (0,) where there are no probabilities."""
    return NONE if probable is None else probable.argmax(axis=1).astype(np.int64)


def confidence_and_right(
    task: Task, calibration: Mapping[str, float], compared: Compared
) -> tuple[np.ndarray, np.ndarray]:
    """The probability of each prediction, and 1 where it is right; both empty where the task gives none."""
    given = task.decode(compared.outputs, calibration).probability
    if not all(isinstance(value, float) for value in given):
        return np.zeros(0), np.zeros(0)
    wrong = task.mistakes(task.calibrated(compared.outputs, calibration), compared.encoded)
    return np.array(given), (wrong == 0).astype(float)


def _classes(task: Task, targets: Sequence[Any], compared: Compared) -> tuple[np.ndarray, np.ndarray]:
    """Classes (n,) of training examples and shares (C,) of held-out ones; empty where targets are no classes."""
    if compared.encoded.dim() != 1 or compared.encoded.is_floating_point():
        return NONE, np.zeros(0)
    counts = np.bincount(compared.encoded.numpy(), minlength=task.outputs)
    return _places_of(task, targets), counts / counts.sum()


def _places_of(task: Task, targets: Sequence[Any]) -> np.ndarray:
    """(n,) classes as places among the labels."""
    return task.encode(targets).numpy()


def _conformal_scores(task: Task, calibration: Mapping[str, float], compared: Compared) -> np.ndarray:
    probable = probabilities(task, compared.outputs, calibration)
    return np.zeros(0) if probable is None else conformal.scores(probable, compared.encoded.numpy())


def half(features: Tensor) -> np.ndarray:
    """In half precision; what it cannot hold becomes its largest number."""
    return features.float().cpu().clamp(-LARGEST_HALF, LARGEST_HALF).numpy().astype(np.float16)
