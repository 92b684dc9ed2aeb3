"""The contract of an engine: runs a frozen part, and is trusted only after it agreed with the plain one."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, ClassVar, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

Tensors = dict[str, Tensor]
Made = TypeVar("Made")


LARGEST = 1e-4
COSINE = 0.99999
"""How far an engine of single precision may be from plain PyTorch."""


class Tolerance(NamedTuple):
    """How far an engine may be from plain PyTorch: ``largest`` difference relative to the reference's largest
    magnitude, and the smallest ``cosine`` similarity, for every tensor and, for the cosine, every example."""

    largest: float = LARGEST
    cosine: float = COSINE


HALF_PRECISION = Tolerance(largest=2e-2, cosine=0.999)
"""Of half precision, which keeps 11 bits."""

BFLOAT16 = Tolerance(largest=4e-2, cosine=0.9995)
"""Of bfloat16, which keeps 8: a network that rounds worse than the usual ones is not to be run so."""


class Agreement(NamedTuple):
    """How far an engine was from plain PyTorch, in the terms of :class:`Tolerance`."""

    largest: float = 0.0
    cosine: float = 1.0

    def within(self, tolerance: Tolerance) -> bool:
        """Whether it is the same function; not where a NaN was given."""
        return self.largest <= tolerance.largest and self.cosine >= tolerance.cosine

    def worse(self, other: Agreement) -> Agreement:
        """The farther of both figures; a NaN is the farthest."""
        largest = max(self.largest, other.largest, key=lambda value: (value != value, value))
        return Agreement(largest, min(self.cosine, other.cosine, key=lambda value: (value == value, value)))


OTHERS = Agreement(float("inf"), -1.0)
"""Of outputs that differ in names or shapes."""


_shared: ContextVar[dict[Any, Any] | None] = ContextVar("shared", default=None)


@contextlib.contextmanager
def sharing() -> Iterator[None]:
    """Within the block, what :func:`shared` makes for one engine serves the others too."""
    token = _shared.set({})
    try:
        yield
    finally:
        _shared.reset(token)


def shared(key: Any, make: Callable[[], Made]) -> Made:
    """What `make` gives; within :func:`sharing`, what it gave for this `key` before."""
    made = _shared.get()
    if made is None:
        return make()
    if key not in made:
        made[key] = make()
    return made[key]  # type: ignore[no-any-return]


class Engine(ABC):
    """Runs a frozen module over batches. File name = plug-in name; the constructor takes nothing.

    An engine works with as many threads as torch has (``torch.get_num_threads()``) when it is prepared.
    """

    typical_preparation: ClassVar[float] = 0.0
    """Seconds that preparing usually takes: what a trial counts on before it has prepared."""

    outdone_by: ClassVar[frozenset[str]] = frozenset()
    """Engines that were always faster where they could run: after one of them was preferred, this is not tried."""

    rounds_like: ClassVar[frozenset[str]] = frozenset()
    """Engines after which this is tried, and not at all where one of them was too far from plain PyTorch."""

    tolerance: ClassVar[Tolerance] = Tolerance()

    planned_by_size: ClassVar[bool] = False
    """Whether a larger batch has it prepare anew, about as long as for the first."""

    reduced: ClassVar[bool] = False
    """Whether it computes in less than single precision: what it gives is stored apart from exact activations."""

    @abstractmethod
    def available(self, device: torch.device) -> bool:
        """Whether its library and the device allow it here."""

    def suits(self, module: nn.Module) -> bool:
        """Whether it can do anything for this module that plain PyTorch does not."""
        return True

    @abstractmethod
    def prepare(self, module: nn.Module, sample: Tensors, device: torch.device) -> None:
        """Compile or move `module`; `sample` is a first batch whose shapes the later ones mostly have.

        The module and its weights stay as they are. May raise anything its library raises: it is not used then.
        """

    @abstractmethod
    def run(self, batch: Tensors) -> Tensors:
        """Outputs of the prepared module on the CPU, without gradients, any number of examples."""


def agrees(reference: Tensors, candidate: Tensors, tolerance: Tolerance = Tolerance()) -> bool:  # noqa: B008
    """Whether two engines' outputs are the same function within `tolerance`."""
    return agreement(reference, candidate).within(tolerance)


def agreement(reference: Tensors, candidate: Tensors) -> Agreement:
    """How far two engines' outputs, (N, …) by name, are from each other: the worst over all names and examples."""
    if {n: t.shape for n, t in reference.items()} != {n: t.shape for n, t in candidate.items()}:
        return OTHERS
    found = Agreement()
    for name, expected in reference.items():
        wanted, given = expected.float(), candidate[name].float()
        found = found.worse(Agreement(largest_difference(wanted, given), _smallest_cosine(wanted, given)))
    return found


def largest_difference(reference: Tensor, candidate: Tensor) -> float:
    """The largest absolute difference over the reference's largest magnitude."""
    scale = reference.abs().max().clamp_min(1e-12)
    return float((candidate - reference).abs().max() / scale)


def _smallest_cosine(reference: Tensor, candidate: Tensor) -> float:
    """Over the examples (N, …) whose reference is not all zeros."""
    rows, others = reference.reshape(len(reference), -1), candidate.reshape(len(candidate), -1)
    some = rows.norm(dim=1) > 0
    if not bool(some.any()):
        return 1.0
    return float(torch.nn.functional.cosine_similarity(rows[some], others[some], dim=1).min())
