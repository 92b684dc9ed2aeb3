"""Looks at every input once, in a few threads, and remembers by content what was seen."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from headstart.backbones.base import Batch, collate
from headstart.core.errors import InputError, Problem
from headstart.core.progress import Progress
from headstart.core.threads import spread
from headstart.core.timing import Stopwatch
from headstart.data.examples import Examples
from headstart.data.modalities.base import Look, Modality
from headstart.frozen.store import FrontierStore, NotStored, Space

AT_ONCE = 1024
"""Inputs looked at between two writes to the store; a kill loses at most so many."""

AT_A_TIME = 64
"""Inputs looked at between two moves of the bar."""

SKETCH = "sketch"


@dataclass(frozen=True)
class Looks:
    """What N inputs look like: ``traits``, name → (N,), and ``sketches``, (N, S) or None."""

    traits: Mapping[str, np.ndarray]
    sketches: np.ndarray | None


def look_at_all(
    examples: Examples,
    modality: Modality,
    keys: Sequence[str],
    store: FrontierStore | None,
    stopwatch: Stopwatch,
    progress: Progress,
) -> Looks:
    """Look at every input; what the store holds is not decoded again.

    Parameters
    ----------
    keys : N content digests; of inputs with the same one only the first is looked at.
    store : where looks are remembered; None for nowhere.

    Raises
    ------
    InputError : an input that could be decoded before cannot be now.
    """

    def look(key: str) -> Batch:
        try:
            with stopwatch.lap("decode"):
                return _as_batch(modality.look(examples.references[first[key]]))
        except (ValueError, OSError) as error:
            raise InputError(Problem(examples.ids[first[key]], str(error), "it was readable a moment ago")) from error

    first = {key: index for index, key in reversed(list(enumerate(keys)))}
    space = _space(store, modality)
    seen = {} if space is None else _seen_before(space, [key for key in first if key in space])
    todo = sorted((key for key in first if key not in seen), key=first.__getitem__)
    counter = progress.counter(len(todo), f"looking at {modality.noun}", modality.noun)
    for start in range(0, len(todo), AT_ONCE):
        part = todo[start : start + AT_ONCE]
        made = _side_by_side(look, part, counter.advance)
        seen.update(zip(part, made, strict=True))
        if space is not None:
            space.write(part, made)
    counter.close()
    columns = {name: tensor.numpy() for name, tensor in collate([seen[key] for key in keys]).items()}
    return Looks({name: column for name, column in columns.items() if name != SKETCH}, columns.get(SKETCH))


def _side_by_side(look: Callable[[str], Batch], keys: Sequence[str], advance: Callable[[int], None]) -> list[Batch]:
    made: list[Batch] = []
    for start in range(0, len(keys), AT_A_TIME):
        more = spread(look, keys[start : start + AT_A_TIME])
        made += more
        advance(len(more))
    return made


def _space(store: FrontierStore | None, modality: Modality) -> Space | None:
    """Where looks of this modality lie; None where they are not kept, since they cost less than reading them."""
    if store is None or not modality.looked_by:
        return None
    return store.space("", "", f"a look by {modality.looked_by}", 0, f"looks at {modality.noun}")


def _seen_before(space: Space, keys: Sequence[str]) -> dict[str, Batch]:
    with contextlib.suppress(NotStored):  # cleared in this moment: they are looked at again
        stored = space.read_many(keys) if keys else {}
        return {key: {name: column[place] for name, column in stored.items()} for place, key in enumerate(keys)}
    return {}


def _as_batch(look: Look) -> Batch:
    batch = {name: torch.tensor(value, dtype=torch.float64) for name, value in look.traits.items()}
    return batch if look.sketch is None else {**batch, SKETCH: torch.from_numpy(look.sketch)}
