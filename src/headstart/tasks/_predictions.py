"""Predictions as columns, as every task gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Predictions:
    """N predictions as columns, the first always ``label``, the second ``probability`` where the task gives one."""

    columns: Mapping[str, Sequence[Any]]

    @property
    def probability(self) -> Sequence[float | None]:
        """That of each prediction; None of each where the task gives none."""
        return self.columns.get("probability") or [None] * len(self)

    def __len__(self) -> int:
        return len(self.columns["label"])

    def rows(self) -> list[dict[str, Any]]:
        """One dict per prediction."""
        return [dict(zip(self.columns, row, strict=True)) for row in zip(*self.columns.values(), strict=True)]
