"""The rows of a report's table of labels have the intervals that are known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from headstart.core.results import Figure
from headstart.experiment.presentation.label_rows import label_rows

BY_CLASS = {"iou": {"sky": [0.5, 0.4, 0.6]}}
ROWS = [{"label": "sky", "examples": 3, "iou": 0.5}, {"label": "sea", "examples": 0, "iou": None}]


def task(reads_maps: bool) -> Any:
    return SimpleNamespace(per_label=lambda *_: ROWS, by_class=lambda *_: BY_CLASS, reads_maps=reads_maps)


@pytest.mark.parametrize("measured", [BY_CLASS, None])
def test_what_was_measured_is_taken_else_it_is_measured(measured: dict[str, Any] | None) -> None:
    sky, sea = label_rows(task(reads_maps=True), torch.zeros(1), torch.zeros(1), measured)
    assert sky == {"label": "sky", "examples": 3, "iou": Figure(0.5, 0.4, 0.6)}
    assert isinstance(sky["iou"], Figure)
    assert sea == ROWS[1]


def test_where_no_column_has_an_interval_none_is_measured() -> None:
    assert label_rows(task(reads_maps=False), torch.zeros(1), torch.zeros(1), None) == ROWS
