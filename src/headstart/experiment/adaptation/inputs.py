"""New inputs at every depth that a model's guard looks at or its head reads, computed in one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from headstart.core.errors import InputError, UsageError
from headstart.core.progress import Progress
from headstart.data.examples import Examples
from headstart.delivery.artifact import Model
from headstart.delivery.guard import NewExamples, Observed
from headstart.experiment.replaying import computed_once, depths_of


@dataclass(frozen=True)
class NewInputs:
    """New inputs as the network and the guard see them, and their ``features`` (N, D_s) by depth."""

    observed: Observed
    features: Mapping[str, np.ndarray]


def seen_at_depths(model: Model, examples: Examples, progress: Progress) -> NewInputs:
    """`examples` by `model`; what cannot be decoded is set aside, and named.

    Raises
    ------
    InputError : more than a tenth cannot be decoded, or none is left.
    UsageError : the model folder holds no guard.
    """
    guard, names = model.needed_guard, depths_of(model)
    seen = computed_once(
        model,
        examples,
        names,
        lambda features: (*guard.look(features), *(features[name].float().numpy() for name in names)),
        progress,
    )
    progress.set_aside(seen.set_aside)
    if not seen.looked:
        raise InputError(f"{examples.source or 'the input'} holds nothing to look at.")
    strange, nearest, *parts = (np.concatenate(part) for part in zip(*seen.looked, strict=True))
    features = dict(zip(names, parts, strict=True))
    *earlier, last = (features[name] for name in guard.depths)
    new = NewExamples(list(seen.examples.ids), last, seen.outputs, strange, nearest, earlier)
    return NewInputs(Observed(seen.examples, seen.set_aside, new), features)


def read_depths(model: Model) -> Sequence[str]:
    """The depths whose features the head of `model` reads, side by side."""
    return model.network.depths or (model.needed_guard.depths[-1],)


def old_features(model: Model) -> dict[str, np.ndarray]:
    """Features (n, D_s) of training examples that the guard keeps, at each depth that the head reads.

    Raises
    ------
    UsageError : an older headstart wrote the guard without those of every depth.
    """
    guard = model.needed_guard
    kept = {**dict(zip(guard.depths, guard.familiar, strict=True)), **guard.deeper}
    if missing := [name for name in read_depths(model) if name not in kept]:
        raise UsageError(
            f"This model's head reads the depths {', '.join(missing)}, of which its guard holds no features: an "
            "older headstart wrote it. Fit it anew to adapt it."
        )
    return {name: kept[name].astype(np.float32) for name in read_depths(model)}


def joined_depths(features: Mapping[str, np.ndarray], names: Sequence[str]) -> np.ndarray:
    """(N, sum of D_s), the features of the depths `names` side by side, as the head reads them."""
    return np.concatenate([features[name] for name in names], axis=1).astype(np.float32)
