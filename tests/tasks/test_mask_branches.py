"""New layers of masks: boxes lie on a map where they lie in the frame, whatever its proportions."""

from __future__ import annotations

import torch

from headstart.core.maps import Map
from headstart.tasks.finding.mask_branches import NewMasks


def test_a_frame_that_was_brought_to_a_square_has_its_boxes_brought_too() -> None:
    torch.manual_seed(0)
    branch = NewMasks([Map("map", 4, 8)]).eval()
    maps = {"map": torch.randn(1, 4, 8, 8)}
    square, wide = torch.tensor([[8.0, 16.0, 40.0, 56.0]]), torch.tensor([[16.0, 16.0, 80.0, 56.0]])
    with torch.no_grad():
        wanted = branch(maps, [square], (64, 64))
        assert torch.allclose(branch(maps, [wide], (128, 64)), wanted, atol=1e-6)
