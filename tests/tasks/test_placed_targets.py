"""Boxes and masks follow a view of their picture as torchvision's transforms (v2) take them along."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional
from torchvision.tv_tensors import BoundingBoxes, Mask

from headstart.core.boxes import Box, Boxes
from headstart.core.placement import Placement
from headstart.tasks.shapes import box_encoding
from headstart.tasks.shapes.views import mask_seen

SIZE = (96, 64)
CROP = (24, 8, 72, 40)
"""Left, top, right, bottom: a half of each side."""
MARKED = ((10, 4, 40, 30), (30, 12, 60, 36), (80, 50, 96, 64))


def by_torchvision(target: Tensor, mirrored: bool) -> Tensor:
    left, top, right, bottom = CROP
    shown = functional.resized_crop(target, top, left, bottom - top, right - left, [SIZE[1], SIZE[0]])
    return functional.horizontal_flip(shown) if mirrored else shown


@pytest.mark.parametrize("mirrored", [False, True])
def test_boxes_and_masks_follow_as_in_torchvision(mirrored: bool) -> None:
    blocks = torch.arange(24, dtype=torch.uint8).reshape(4, 6)
    mask = blocks.repeat_interleave(16, 0).repeat_interleave(16, 1)
    boxes = BoundingBoxes(torch.tensor(MARKED, dtype=torch.float32), format="XYXY", canvas_size=(SIZE[1], SIZE[0]))
    theirs = v2.ClampBoundingBoxes()(by_torchvision(boxes, mirrored)).as_subclass(Tensor)
    view = Placement(CROP[0] / SIZE[0], CROP[1] / SIZE[1], 0.5, mirrored)
    marked = Boxes(tuple(Box(*edges, "cell") for edges in MARKED), SIZE)
    (ours,) = box_encoding.placed(box_encoding.encode([marked], {"cell": 0}, 3), [view])
    there = ours[:, box_encoding.LABEL] >= 0
    assert there.tolist() == [True, True, False]  # the last lies outside
    assert torch.allclose((ours[:, :4] * torch.tensor([*SIZE, *SIZE]))[there], theirs[there], atol=1e-3)
    assert torch.equal(mask_seen(mask, view), by_torchvision(Mask(mask), mirrored).as_subclass(Tensor))
