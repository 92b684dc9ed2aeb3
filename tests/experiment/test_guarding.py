"""What is familiar to a finished model, and what is not: never the examples by which the threshold is set."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import headstart
from small_world import PROBE, paint


def test_without_a_test_split_ordinary_inputs_are_no_more_often_unfamiliar(at_hand: Path, tmp_path: Path) -> None:
    """When held-out examples were familiar with themselves, nearly everything new was unfamiliar."""
    photos = paint(tmp_path / "photos", {"apple": 40, "lime": 40}, seed=1)
    model = headstart.fit(photos, backbone="tiny_resnet", strategy=PROBE[1], test_share=0.0, quiet=True)
    assert model.guard is not None
    assert len(model.guard.ids) + len(model.guard.held_out) == 80
    new = paint(tmp_path / "new", {"apple": 40, "lime": 40}, seed=2)
    columns = model.answer(new).predictions.columns
    assert np.mean(columns["is_unfamiliar"]) < 0.5  # 16 held-out examples tell the limit badly; it was 78 % of these
