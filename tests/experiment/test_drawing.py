"""Masks drawn beside the truth: what can still be read is shown."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from PIL import Image

from headstart.data.examples import Examples
from headstart.experiment.presentation.drawing import drawn_answers


def png(answer: torch.Tensor, size: tuple[int, int]) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, "red").save(content, "PNG")
    return content.getvalue()


def test_a_picture_that_is_gone_is_left_out(tmp_path: Path) -> None:
    Image.new("RGB", (40, 40), "white").save(tmp_path / "here.png")
    examples = Examples("image", [tmp_path / "gone.png", tmp_path / "here.png"], ["gone.png", "here.png"])
    task = SimpleNamespace(draws=True, mistakes=lambda *_: np.array([0.9, 0.2]), picture=png)
    shown = drawn_answers(task, examples, np.arange(2), torch.zeros(2), torch.zeros(2))  # type: ignore[arg-type]
    assert [(each.id, each.wrong) for each in shown] == [("here.png", 0.2)]
