"""The contract of an alignment: a batch of each domain in, one loss out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn


@dataclass(frozen=True)
class DomainView:
    """A batch of N examples of one domain, as the network in training sees them.

    Attributes
    ----------
    features : (N, D) what the head reads. logits : (N, C) what the head makes of it.
    labels : (N,) class indices; None for the new domain, whose labels nobody knows.
    """

    features: Tensor
    logits: Tensor
    labels: Tensor | None = None


class Alignment(nn.Module, ABC):
    """One loss that is added to the task's. File name = plug-in name.

    The constructor only stores settings, and has a default for everything; what depends on the shapes is made by
    :meth:`build`. Parameters of its own (a discriminator, say) are trained with the network's by the same step, so
    an adversary reverses the gradient that it hands on (:mod:`headstart.alignments._reversal`).

    Attributes
    ----------
    progress : the share of the training that is done, 0 to 1, which the loop sets before every step.
    """

    summary: ClassVar[str]
    """What it makes alike, in a few words."""

    weight: ClassVar[float] = 1.0
    """How much it counts beside the task's loss: 1 unless a plug-in says otherwise. Papers that tune it do so by
    labels of the new domain, which nobody has here."""

    fewest: ClassVar[int] = 2
    """Examples of each domain without which it has nothing to say; it raises ValueError with fewer."""

    def __init__(self) -> None:
        super().__init__()
        self.progress = 1.0

    def build(self, width: int, classes: int) -> None:
        """Make the parameters that features (N, `width`) and logits (N, `classes`) ask for; none by default."""

    @abstractmethod
    def forward(self, source: DomainView, target: DomainView) -> Tensor:
        """The loss, a scalar. `source` has labels.

        Raises
        ------
        ValueError : a batch with fewer than ``fewest`` examples, or a source without labels that are needed: a loss
            that is silently nought would train nothing.
        """

    def check(self, *views: DomainView) -> None:
        """Raise ValueError for a batch that is too small to compute the loss from."""
        sizes = [len(view.features) for view in views]
        if min(sizes) < self.fewest:
            raise ValueError(
                f"{type(self).__name__} needs at least {self.fewest} examples of each domain in a batch, got {sizes}"
            )


def labels_of(view: DomainView) -> Tensor:
    """The labels (N,) of a view that has some.

    Raises
    ------
    ValueError : it has none.
    """
    if view.labels is None:
        raise ValueError("this alignment reads the labels of the source domain, and none were given")
    return view.labels
