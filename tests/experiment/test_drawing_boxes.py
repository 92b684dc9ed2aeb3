"""Boxes and masks are drawn where they lie, in pictures of any proportions."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from headstart.experiment.presentation.drawing_boxes import _fragment
from headstart.tasks.shapes.box_marks import Mark


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
