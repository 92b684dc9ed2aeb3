"""Boxes and masks are drawn where they lie, in pictures of any proportions."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from headstart.core.boxes import Box, Boxes
from headstart.data.examples import Examples
from headstart.delivery.tags import Edges, Tags
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


def tags(monkeypatch: pytest.MonkeyPatch, found: list[Mark], named: bool) -> list[tuple[str, tuple[float, float]]]:
    """The words that are written on a picture, and where."""
    written: list[tuple[str, tuple[float, float]]] = []
    strip = Tags._strip

    def noting(self: Tags, edges: Edges, words: str, *further: Any) -> None:
        written.append((words, edges[:2]))
        strip(self, edges, words, *further)

    monkeypatch.setattr(Tags, "_strip", noting)
    _fragment(Image.new("RGB", (100, 100), "white"), found, "a.png", named)
    return written


def test_every_box_says_its_class_where_there_are_several(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        Mark((0.1, 0.1, 0.3, 0.3), "cat", "false alarm", 0.9),
        Mark((0.5, 0.5, 0.7, 0.7), "dog", "missed"),
        Mark((0.1, 0.5, 0.3, 0.7), "cat", "found", 0.8),
    ]
    assert [words for words, _ in tags(monkeypatch, found, named=True)] == ["cat 0.90", "dog", "cat"]
    assert [words for words, _ in tags(monkeypatch, found, named=False)] == ["cat 0.90"]


def test_what_is_written_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Boxes upon each other are named at their corners, the surest first, a fifth not at all; none beyond an edge."""
    upon = [Mark((0.2, 0.2, 0.6, 0.6), "cat", "false alarm", score) for score in (0.9, 0.8, 0.7, 0.65, 0.61)]
    beyond = Mark((0.95, 0.9, 1.0, 1.0), "cat", "false alarm", 0.6)
    written = tags(monkeypatch, [*upon, beyond], named=False)
    assert [words for words, _ in written] == [f"cat {score}" for score in ("0.90", "0.80", "0.70", "0.65", "0.60")]
    (above, below, right, _, last) = (corner for _, corner in written)
    assert above == (72, 72)
    assert below[0] == 72
    assert 190 < below[1] < 216
    assert 72 < right[0] < 216
    assert right[1] == 72
    assert last[0] < 330
    assert last[1] < 350
