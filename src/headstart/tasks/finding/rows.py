"""Maps of a predictor as rows, one for each anchor of each place."""

from __future__ import annotations

from torch import Tensor


def rows_of(given: Tensor, columns: int) -> Tensor:
    """(N, A · K, h, w) → (N, h · w · A, K), K `columns`, row by row."""
    count, _, height, width = given.shape
    return given.view(count, -1, columns, height, width).permute(0, 3, 4, 1, 2).reshape(count, -1, columns)
