"""Pretraining that is killed midway: before an epoch, or at a look."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from headstart.experiment.pretraining.schooling import Schooling
from headstart.pretraining import Learner


class Killed(BaseException):
    """Stands for a kill."""


@contextmanager
def killed_before(epoch: int) -> Iterator[None]:
    """What is pretrained within is killed before `epoch`, and must be."""
    learn = Learner.epoch

    def killed(self: Learner, number: int, *rest: object) -> float:
        if number == epoch:
            raise Killed
        return learn(self, number, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, "epoch", killed)
        with pytest.raises(Killed):
            yield


@contextmanager
def looks_end(epoch: int, by: type[BaseException]) -> Iterator[None]:
    """The look after `epoch` raises `by`."""
    look = Schooling._look

    def ended(self: Schooling, reached, due: bool) -> None:
        if reached.epoch == epoch:
            raise by
        look(self, reached, due)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Schooling, "_look", ended)
        yield
