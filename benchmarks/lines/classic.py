"""The classic recipe on the photos of vehicles: by a plain loop, and by fastai where it is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping

from lines._classic import compare
from lines._row import Row
from lines._work import Work

PLAIN = {"five frozen epochs": "_classic_loop"}
FASTAI = {"fastai's five frozen epochs": "_classic_fastai"}


def recipes() -> Mapping[str, str]:
    """Words → process of each that can run here."""
    return {**PLAIN, **FASTAI} if importlib.util.find_spec("fastai") else PLAIN


def measure(work: Work) -> Iterator[Row]:
    """A row for each recipe."""
    yield from compare(work, "classic", work.vehicles, recipes(), bound=30)
