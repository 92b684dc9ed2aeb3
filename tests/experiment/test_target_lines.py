"""Lines on small pictures: boxes in shares of the picture, and the edges of masks."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headstart.core.boxes import Box, Boxes
from headstart.core.masks import Legend, Mask
from headstart.data.examples import Examples
from headstart.delivery.report._pictures import gallery
from headstart.experiment.presentation.embedding import embedded
from headstart.experiment.presentation.target_lines import CELLS, target_lines

SIZE = (200, 100)


def test_a_box_lies_where_it_is_marked() -> None:
    target = Boxes((Box(50, 20, 150, 70, "<cat>"), Box(0, 0, 10, 10, "dog")), SIZE)
    examples = Examples("image", ["a", "b", "c"], ["a", "b", "c"], [target, target, Boxes((), SIZE)])
    found = target_lines(examples, ["a", "c", "unknown"])
    assert found.keys() == {"a"}
    assert 'x="0.2500" y="0.2000" width="0.5000" height="0.5000"' in found["a"]
    assert "<title>&lt;cat&gt;</title>" in found["a"]
    assert len(set(re.findall("stroke:(#......)", found["a"]))) == 2


def test_the_edges_of_a_mask_are_one_path(tmp_path: Path) -> None:
    pixels = np.zeros((CELLS, 2 * CELLS), np.uint8)
    pixels[18:, 36:] = 1
    Image.fromarray(pixels).save(tmp_path / "m.png")
    legend = Legend(("sky", "road"), (0, 1), ((0, 0, 0), (9, 9, 9)))
    mask = Mask(tmp_path / "m.png", legend, (2 * CELLS, CELLS), (1, 1), "")
    found = target_lines(Examples("image", ["a"], ["a"], [mask]), ["a"])["a"]
    assert 'd="M18 18H72M18 18V72"' in found
    scale = float(re.findall(r"scale\(([0-9.]+)\)", found)[0])
    assert scale * CELLS == pytest.approx(1, abs=1e-4)
    (tmp_path / "m.png").unlink()
    assert target_lines(Examples("image", ["a"], ["a"], [mask]), ["a"]) == {}


def test_classes_have_no_lines() -> None:
    assert target_lines(Examples("image", ["a"], ["a"], ["cat"]), ["a"]) == {}


def test_lines_are_drawn_in_the_size_of_the_picture() -> None:
    picture = embedded(Image.new("RGB", (80, 40)), "a picture")
    made = gallery({"a": picture, "b": picture}, lines={"a": '<rect x="0"/>'})
    assert '<g class="lines" transform="scale(80 40)"><rect x="0"/></g></svg>' in made.fragments["a"]
    assert "lines" not in made.fragments["b"]
    assert "lines" not in made.definitions
