"""Boxes and masks are drawn where they lie, in pictures of any proportions."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from headstart.core.boxes import Box, Boxes
from headstart.data.examples import Examples
from headstart.experiment.presentation.drawing_boxes import _fragment, boxed_answers
from headstart.tasks.base import Predictions
from headstart.tasks.shapes.box_marks import Mark


def test_a_picture_that_is_gone_is_left_out(tmp_path: Path) -> None:
    Image.new("RGB", (40, 40), "white").save(tmp_path / "here.png")
    target = Boxes((Box(4, 4, 20, 20, "cell"),), (40, 40))
    references = [tmp_path / "gone.png", tmp_path / "here.png"]
    examples = Examples("image", references, ["gone.png", "here.png"], [target, target])
    task = SimpleNamespace(
        decode=lambda *_: Predictions({"label": ["nothing"] * 2, "probability": [None] * 2, "boxes": [[], []]}),
        mistakes=lambda *_: np.ones(2),
    )
    shown = boxed_answers(task, examples, np.arange(2), torch.zeros(2), torch.zeros(2))  # type: ignore[arg-type]
    assert [(each.id, each.said) for each in shown] == [("here.png", "1 missed, 0 found")]


@pytest.mark.parametrize("size", [(100, 60), (60, 100), (50, 200)])
def test_a_mask_is_tinted_within_its_box(size: tuple[int, int]) -> None:
    edges = (0.25, 0.5, 0.75, 0.75)
    mark = Mark(edges, "disc", "found", 0.9, np.ones((28, 28)))
    page = _fragment(Image.new("RGB", size, "white"), [mark], "a.png")
    coded = re.search(r"base64,([^\"]+)", page)
    assert coded is not None
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(coded.group(1)))).convert("RGB")).astype(int)
    tinted = shown[..., 1] - shown[..., 0] > 40  # green, that of a found box
    height, width = tinted.shape
    left, top, right, bottom = (round(edge * side) for edge, side in zip(edges, (width, height) * 2, strict=True))
    inside = np.zeros_like(tinted)
    inside[top:bottom, left:right] = True
    assert (tinted & inside).sum() / (tinted | inside).sum() > 0.9
