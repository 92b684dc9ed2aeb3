"""Runs the frozen part on inputs in the same pass that looks at them: it does not depend on how they are split."""

from __future__ import annotations

import contextlib
import math
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple

from headstart.backbones.base import Backbone, Batch
from headstart.core.ahead import ahead
from headstart.core.device import choose_device
from headstart.core.progress import Progress
from headstart.core.spec import FitSpec
from headstart.core.threads import spread
from headstart.core.timing import Stopwatch, say_duration
from headstart.data.checks import AT_ONCE, MOST_SET_ASIDE, identified
from headstart.data.modalities.base import Look
from headstart.experiment.looks import KeptLooks
from headstart.experiment.material import Found
from headstart.frozen._batching import Portion
from headstart.frozen.activations import PORTIONS_AHEAD, TRIED, FrozenPart
from headstart.frozen.choosing import Engines
from headstart.frozen.frontier import find_frontier
from headstart.frozen.holdings import store_folder
from headstart.frozen.inputs import Inputs
from headstart.frozen.store import FrontierStore, Space


def compute_ahead(
    found: Found, spec: FitSpec, backbone: Backbone, engines: Engines, stopwatch: Stopwatch, progress: Progress
) -> Found:
    """Look at every input that can be read and compute its last features, into the store.

    The check finds the looks there, by the digests that come back with `found`, and whoever asks for features these:
    a person waits for one pass, not for two.
    What cannot be read is left out, for the check says so. Nothing is done where looking takes no time, pooled
    features will not be asked for, no store takes them, or all of some inputs, from first to last, are known already.
    """
    began = time.perf_counter()
    if found.modality.looked_by and not found.task.reads_maps and spec.store:
        store = FrontierStore(store_folder())
        part = _frozen_part(backbone, engines, store, spec, stopwatch, progress)
        reader = _Reader(found, backbone, part, KeptLooks(store, found.modality), stopwatch)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # decoders remark on odd metadata
            _compute(part, reader, len(found.examples), spec.budget - stopwatch.total, progress)
        found = replace(found, digests=reader.digests)
    return replace(found, computed=time.perf_counter() - began)


def _frozen_part(
    backbone: Backbone,
    engines: Engines,
    store: FrontierStore,
    spec: FitSpec,
    stopwatch: Stopwatch,
    progress: Progress,
) -> FrozenPart:
    """What gives the last features, as feature extraction reads them."""
    device = choose_device(spec.device)
    frontier = find_frontier(backbone.requires_grad_(False).eval().to(device), {})
    return FrozenPart(frontier, engines, store, device, stopwatch, progress)


def _compute(part: FrozenPart, reader: _Reader, count: int, left: float, progress: Progress) -> None:
    """All that `reader` can read of `count` inputs, a few portions ahead of the engine; `left` of the budget.

    How many of them are not known yet is told by some, an engine chosen for so many.
    """
    some = _from_first_to_last(count)
    first = reader.portion(some)
    missing = math.ceil(count * len(first[1]) / max(len(some), 1))
    if not missing or not part.holds(missing, first[1][0]):
        return
    sizes = part.sizes(first[1], missing)
    if part.engines.choices and (work := part.engines.choices[-1].work) > left:
        progress.say(
            f"  note: Of the budget {say_duration(max(left, 0.0))} are left, and the frozen part alone takes about "
            f"{say_duration(work)}; without it nothing can be learnt. Stop it and name a smaller backbone "
            "(`headstart rank` tells which), or let it run: what it computes stays in the store for the next fit too."
        )
    others = sorted(set(range(count)).difference(some))
    rows = [others[start : start + sizes.portion] for start in range(0, len(others), sizes.portion)]
    counter = progress.counter(count, "frozen part, once", "examples")
    with contextlib.closing(reader):
        portions = chain([first], ahead(reader.portion, _while_good(rows, reader, len(some)), PORTIONS_AHEAD))
        part.keep(portions, reader.space, sizes.segment, counter.advance)
    counter.close()


def _from_first_to_last(count: int) -> list[int]:
    """Rows for a first batch, as far apart as can be."""
    some = min(TRIED, count)
    return [row * count // some for row in range(some)]


def _while_good(rows: Sequence[list[int]], reader: _Reader, read: int) -> Iterator[list[int]]:
    """`rows` in turn, until more inputs cannot be read than the check will bear; `read` are read already."""
    for some in rows:
        if reader.bad > MOST_SET_ASIDE * read:
            return
        yield some
        read += len(some)


class _Seen(NamedTuple):
    """The digest of an input's content, its tensors where they are to be computed, and its look where that is new."""

    key: str
    tensors: Batch | None
    look: Look | None


class _Reader:
    """Reads inputs once for all: their digests, looks and tensors.

    Attributes
    ----------
    bad : how many could not be read so far.
    digests : those of the inputs' contents, empty of what is not read yet, or cannot be.
    space : where their features belong.
    """

    def __init__(
        self, found: Found, backbone: Backbone, part: FrozenPart, looked: KeptLooks, stopwatch: Stopwatch
    ) -> None:
        self.bad = 0
        self.digests = [""] * len(found.examples)
        self.inputs = Inputs(found.examples, found.modality, backbone.preprocess, [], stopwatch)
        self.space: Space = part.space(self.inputs, 0)
        self._looked = looked
        self._met: set[str] = set()
        self._new: dict[str, Look] = {}

    def portion(self, rows: Sequence[int]) -> Portion:
        """Digests and tensors of those of the inputs at `rows` that are to be computed."""
        seen = spread(self._read, rows)
        self.bad += sum(one is None for one in seen)
        fresh: dict[str, Batch] = {}
        for row, one in zip(rows, seen, strict=True):
            if one is None:
                continue
            self.digests[row] = one.key
            if one.look is not None:
                self._new[one.key] = one.look
            if one.tensors is not None and one.key not in self._met:
                fresh[one.key] = one.tensors
        self._met.update(fresh)
        if len(self._new) >= AT_ONCE:
            self.close()
        return list(fresh), list(fresh.values())

    def close(self) -> None:
        """Keep the looks so far."""
        if self._new:
            self._looked.add(list(self._new), list(self._new.values()))
            self._new = {}

    def _read(self, row: int) -> _Seen | None:
        modality, preprocess = self.inputs.modality, self.inputs.preprocess
        reference, key = identified(modality, self.inputs.examples.references[row])
        try:
            key = key or modality.fingerprint(reference)
            with self.inputs.stopwatch.lap("decode"):
                if key in self.space:
                    return _Seen(key, None, None if key in self._looked else modality.look(reference))
                look, raw = self._decoded(reference, known=key in self._looked)
                return _Seen(key, preprocess(raw, 0, key), look)
        except Exception:  # a damaged file raises nearly anything; the check says what is wrong with it
            return None

    def _decoded(self, reference: Any, known: bool) -> tuple[Look | None, Any]:
        """An input, and its look unless that is `known`."""
        modality, size_hint = self.inputs.modality, self.inputs.preprocess.size_hint
        if known:
            return None, modality.decode(reference, size_hint)
        return modality.look_and_decode(reference, size_hint)
