"""What is explained of boxes with masks is called right or wrong by the mask, as everywhere else in the report."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from headstart.core.boxes import Box, Boxes, Outline
from headstart.data.examples import Examples
from headstart.experiment.presentation.explaining_places import places_to_explain
from headstart.tasks.instances import Instances
from headstart.tasks.shapes.mask_grids import FOUND_CELLS, packed

SIZE = (64, 64)
SQUARE = Box(16, 16, 48, 48, "disc", outline=Outline(polygons=((16, 16, 48, 16, 48, 48, 16, 48),)))


@pytest.mark.parametrize(("covers", "right"), [(FOUND_CELLS, True), (FOUND_CELLS // 3, False)])
def test_a_box_whose_mask_misses_the_object_is_a_false_alarm(covers: int, right: bool) -> None:
    task, target = Instances(["disc"], [1], SIZE, 1), Boxes((SQUARE,), SIZE)
    grid = torch.zeros(FOUND_CELLS, FOUND_CELLS)
    grid[:, :covers] = 255
    found = torch.cat([torch.tensor([0.25, 0.25, 0.75, 0.75, 0.9, 0]), packed(grid.flatten())])[None, None]
    examples = Examples("image", ["picture"], ["picture"], [target])
    chosen = places_to_explain(task, examples, np.array([0]), ["a"], found, task.encode([target]), seed=0)
    assert [each.right for each in chosen] == [right]
