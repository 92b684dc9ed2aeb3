"""Activations: the frontier of every example, computed once, stored, and read by whoever asks."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import takewhile
from pathlib import Path

import torch

from headstart.backbones.base import Batch, collate
from headstart.core.ahead import ahead
from headstart.core.errors import NotWritten
from headstart.core.progress import Progress
from headstart.core.sizes import say_size
from headstart.core.timing import Stopwatch
from headstart.frozen._batching import Portion, Sizes, Stack, batch_size, by_length, by_shape, decoded_bytes
from headstart.frozen._segment import rounded
from headstart.frozen._weights_digest import weights_digest
from headstart.frozen.choosing import MORE, Engines, FrozenModule, Running
from headstart.frozen.engines.eager import Eager
from headstart.frozen.frontier import Frontier
from headstart.frozen.inputs import Inputs
from headstart.frozen.store import ROOM, FrontierStore, NotStored, Space

TRIED = 32
"""Examples decoded to measure a rate."""

SEGMENT_BATCHES = 32
SEGMENT_BYTES = 2**28
"""A segment of the store holds about so many batches, or bytes if that is less; a kill loses at most one."""

PORTION_BYTES = 2**24
PORTIONS_AHEAD = 3
"""Inputs are decoded in portions of whole batches and about so many bytes, a few ahead of the engine."""


class FrozenPart:
    """Runs the frozen part of one cut, once per example and view, and keeps what it gave.

    Parameters
    ----------
    frontier : the cut.
    engines : chooses what runs it.
    store : where activations lie; None for a temporary folder that goes with this object, so that the answer
        is the same with and without a store.
    fill : fill up the last batch, so that an example's activations are the same in any company, bit for bit; without
        it a few examples cost no more than themselves.
    """

    def __init__(
        self,
        frontier: Frontier,
        engines: Engines,
        store: FrontierStore | None,
        device: torch.device,
        stopwatch: Stopwatch,
        progress: Progress,
        fill: bool = True,
    ) -> None:
        self.frontier, self.engines, self.device, self.fill = frontier, engines, device, fill
        self.stopwatch, self.progress = stopwatch, progress
        self._temporary = None if store else tempfile.TemporaryDirectory(prefix="headstart-")
        self.store = store or FrontierStore(Path(self._temporary.name if self._temporary else "", "frontiers"))
        self._running: Running | None = None
        self._stack = Stack()
        self._ahead = self._chosen_for = 0
        self._recomputing = False
        self._example_bytes: int | None = None
        self._spaces: dict[tuple[str, int], Space] = {}

    def space(self, inputs: Inputs, view: int) -> Space:
        """The part of the store that holds `view` of inputs preprocessed this way."""
        preprocessing = str(sorted(inputs.preprocess.describe().items()))
        if (preprocessing, view) not in self._spaces:
            space = self.store.space(self._weights, self._cut, preprocessing, view, self.frontier.about)
            self._spaces[preprocessing, view] = space
        return self._spaces[preprocessing, view]

    @cached_property
    def _weights(self) -> str:
        return weights_digest(self.frontier.state)

    @property
    def half(self) -> bool:
        """Whether activations are kept in half precision."""
        return self.frontier.half

    @property
    def _cut(self) -> str:
        return f"{self.frontier.cut} {self.frontier.architecture}{self.engines.precision(self.device)}"

    def missing(self, inputs: Inputs, views: Sequence[int] = (0,)) -> int:
        """How many activations are not stored yet; 0 where the frontier is the input itself."""
        if self.frontier.is_input:
            return 0
        keys = set(inputs.keys)
        return sum(key not in space for space in (self.space(inputs, view) for view in views) for key in keys)

    def over(self, inputs: Inputs, views: Sequence[int] = (0,)) -> Activations:
        """The activations of `inputs` under each view, computing what is not stored."""
        self._ahead = max(self._ahead, self.missing(inputs, views))
        if not self.frontier.is_input and self._fits(inputs, views):
            for view in views:
                self._fill(inputs, view)
        if self._recomputing:
            self._batch_size([inputs.tensors(0)])  # now, for an engine is not to be chosen while the rest trains
        return Activations(self, inputs)

    def _fits(self, inputs: Inputs, views: Sequence[int]) -> bool:
        """Whether the missing activations fit on the disk; where they do not, they are recomputed, and said."""
        missing = self.missing(inputs, views)
        if not self._recomputing and not self.has_room(missing, inputs):
            self._recompute(f"would take {say_size(self._bytes(missing, inputs))}, more than {ROOM}")
        return not self._recomputing

    def _recompute(self, why: str, remedy: str = "HEADSTART_CACHE_LIMIT sets what it may hold.") -> None:
        self._recomputing = True
        self.progress.say(f"  The stored activations {why}: what is not stored is recomputed every time. {remedy}")

    def holds(self, count: int, example: Batch) -> bool:
        """Whether the store has room for the activations of `count` examples like this one."""
        return count * self._bytes_each(example) <= self.store.free_bytes

    def has_room(self, count: int, inputs: Inputs) -> bool:
        """Whether the store has room for the activations of `count` of these, however long they are."""
        return not count or self._bytes(count, inputs) <= self.store.free_bytes

    def _bytes(self, count: int, inputs: Inputs) -> int:
        """What the activations of `count` inputs take, by those of the first and by how long all are."""
        each = self._bytes_each(inputs.tensors(0))
        if not inputs.preprocess.lengths_differ:
            return count * each
        lengths = [inputs.length(index) for index in range(len(inputs))]
        return round(count * each * sum(lengths) / (len(lengths) * max(lengths[0], 1)))

    def _bytes_each(self, example: Batch) -> int:
        if self._example_bytes is None:
            batch, plain = collate([example]), Eager()
            plain.prepare(self.frontier.frozen, batch, self.device)
            with self.stopwatch.lap("forward"):
                size = sum(tensor.nbytes for tensor in plain.run(batch).values())
            self._example_bytes = max(size // 2 if self.half else size, 1)
        return self._example_bytes

    def _fill(self, inputs: Inputs, view: int) -> None:
        space = self.space(inputs, view)
        first = {key: index for index, key in reversed(list(enumerate(inputs.keys)))}
        todo = sorted(index for key, index in first.items() if key not in space)
        if not todo:
            return
        alike = by_length(todo, inputs.length) if inputs.preprocess.lengths_differ else [todo]
        sizes = self.sizes(inputs.many(max(alike, key=len)[:TRIED], view))
        parts = [r[at : at + sizes.portion] for r in alike for at in range(0, len(r), sizes.portion)]
        label = "frozen part, once" if view == 0 else f"frozen part, view {view}"
        counter = self.progress.counter(len(todo), label, "examples")
        wanted = takewhile(lambda part: not self._recomputing, parts)  # of what has no room no more is decoded
        decoded = ahead(
            lambda part: ([inputs.keys[i] for i in part], inputs.many(part, view)), wanted, PORTIONS_AHEAD
        )
        self.keep(decoded, space, sizes.segment, counter.advance)
        counter.close()

    def sizes(self, sample: Sequence[Batch], ahead: int = 0) -> Sizes:
        """How inputs like those of `sample` are to be decoded and kept; chooses an engine on them.

        `ahead` as for :meth:`compute`.
        """
        self._ahead = max(self._ahead, ahead)
        size, usual = self._batch_size(sample), batch_size(sample[0])
        segment = usual * min(SEGMENT_BATCHES, max(1, SEGMENT_BYTES // (usual * self._bytes_each(sample[0]))))
        return Sizes(size * max(1, min(PORTION_BYTES // decoded_bytes(sample[0]), segment) // size), segment)

    def keep(self, decoded: Iterable[Portion], space: Space, segment: int, advance: Callable[[int], None]) -> None:
        """Compute what is `decoded`, portion by portion, and write it into `space`, at least `segment` at a time."""
        keys: list[str] = []
        computed: list[Batch] = []
        for names, examples in decoded:
            if self._recomputing:
                continue  # whoever decodes may look at the rest all the same
            keys += names
            computed += self.compute(examples, advance)
            if len(keys) >= segment:
                self._write(space, keys, computed)
                keys, computed = [], []
        if keys:
            self._write(space, keys, computed)

    def _write(self, space: Space, keys: Sequence[str], computed: Sequence[Batch]) -> None:
        try:
            if not space.write(keys, computed, self.half):
                self._recompute(f"take more than {ROOM}")
        except NotWritten as error:
            names = "TMPDIR" if self._temporary else "HEADSTART_CACHE"
            why = f"could not be written to {self.store.folder} ({error.why})"
            self._recompute(why, f"{names} names another folder.")

    def compute(
        self, examples: Sequence[Batch], advance: Callable[[int], None] = lambda count: None, ahead: int = 0
    ) -> list[Batch]:
        """The frontier of each example; `advance` is told how many more are done.

        `ahead` says how many examples will be asked for in all, where that is known: an engine is chosen by it.

        Only examples of one shape share a batch, and every batch has the same size (the last is filled up), so
        an example's activations do not depend on its company. An engine is chosen on the commonest shape.
        """
        results: dict[int, Batch] = {}
        self._ahead = max(self._ahead, ahead, len(examples))
        for members in sorted(by_shape(examples), key=len, reverse=True):
            size = self._batch_size([examples[i] for i in members])
            for start in range(0, len(members), size):
                chunk = members[start : start + size]
                filled = chunk + [chunk[-1]] * (size - len(chunk) if self.fill else 0)
                with self.stopwatch.lap("forward"):
                    outputs = self._run(self._stack([examples[i] for i in filled]))
                outputs = rounded(outputs) if self.half else outputs
                for row, index in enumerate(chunk):
                    results[index] = {name: tensor[row].clone() for name, tensor in outputs.items()}
                advance(len(chunk))
        return [results[index] for index in range(len(examples))]

    def seconds_per_example(self, inputs: Inputs, ahead: int) -> float:
        """Seconds to decode one example and run the frozen part on it, from one full batch of the commonest shape.

        `ahead` examples wait to be run: the engine is chosen for so many.
        """
        self._ahead = max(self._ahead, ahead)
        began = time.perf_counter()
        examples = [inputs.tensors(index) for index in range(min(len(inputs), TRIED))]
        decode = (time.perf_counter() - began) / len(examples)
        if self.frontier.is_input:
            return decode
        common = max(by_shape(examples), key=len)
        size = self._batch_size([examples[i] for i in common])
        batch = collate([examples[common[i % len(common)]] for i in range(size)])
        self._run(batch)  # the first batch also warms up
        began = time.perf_counter()
        self._run(batch)
        return decode + (time.perf_counter() - began) / size

    def _batch_size(self, alike: Sequence[Batch]) -> int:
        """Examples of one shape to run at once; chooses an engine on the first of them where none is chosen yet."""
        usual = batch_size(alike[0])
        if self._running is None or self._ahead > MORE * self._chosen_for:
            self._chosen_for = self._ahead
            count = usual if self.fill else min(usual, len(alike))
            sample = collate([alike[i % len(alike)] for i in range(count)])
            key = f"{self._weights} {self._cut}"
            part = FrozenModule(self.frontier.cut, key, self.frontier.frozen, self.device)
            with self.stopwatch.lap("forward"):
                self._running = self.engines.ready(part, sample, self._ahead, self.progress)
        return self._running.batch_size(usual)

    def _run(self, batch: Batch) -> Batch:
        if self._running is None:
            raise RuntimeError("no engine was chosen")
        return self._running.run(batch)


class Activations:
    """The frontier of N inputs, ready to be read in batches."""

    def __init__(self, part: FrozenPart, inputs: Inputs) -> None:
        self.part, self.inputs = part, inputs

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def lengths(self) -> list[int] | None:
        """Each input's length before padding to a batch; None where all have one size."""
        if not self.inputs.preprocess.lengths_differ:
            return None
        return [self.inputs.length(i) for i in range(len(self))]

    def batch(self, indices: Sequence[int], view: int = 0) -> Batch:
        """The frontier of the examples at `indices`, stacked: (len(indices), …) each."""
        if self.part.frontier.is_input:
            return collate(self.inputs.many(indices, view))
        space = self.part.space(self.inputs, view)
        keys = [self.inputs.keys[i] for i in indices]
        with contextlib.suppress(NotStored):  # evicted in this moment, or never computed
            return space.read_many(keys)
        absent = [i for i, key in zip(indices, keys, strict=True) if key not in space]
        fresh = self.part.compute(self.inputs.many(absent, view))
        computed = dict(zip(absent, fresh, strict=True))
        return collate(
            [computed[i] if i in computed else space.read(key) for i, key in zip(indices, keys, strict=True)]
        )

    def batches(self, size: int, view: int = 0) -> Iterator[Batch]:
        """All examples in order, `size` at a time."""
        for start in range(0, len(self), size):
            yield self.batch(range(start, min(start + size, len(self))), view)
