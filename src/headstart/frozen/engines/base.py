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


class Tolerance(NamedTuple):
    """How far an engine may be from plain PyTorch: ``largest`` difference relative to the reference's largest
    magnitude, and the smallest ``cosine`` similarity, for every tensor and, for the cosine, every example."""

    largest: float = 1e-4
    cosine: float = 0.99999


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

    tolerance: ClassVar[Tolerance] = Tolerance()

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
    if reference.keys() != candidate.keys():
        return False
    for name, expected in reference.items():
        given, wanted = candidate[name].float(), expected.float()
        if given.shape != wanted.shape:
            return False
        if not largest_difference(wanted, given) <= tolerance.largest:  # so that a NaN does not agree
            return False
        rows, others = wanted.reshape(len(wanted), -1), given.reshape(len(given), -1)
        alike = torch.nn.functional.cosine_similarity(rows, others, dim=1)
        if bool(((rows.norm(dim=1) > 0) & (alike < tolerance.cosine)).any()):
            return False
    return True


def largest_difference(reference: Tensor, candidate: Tensor) -> float:
    """The largest absolute difference over the reference's largest magnitude."""
    scale = reference.abs().max().clamp_min(1e-12)
    return float((candidate - reference).abs().max() / scale)
