"""Bicubic interpolation by matrices, against PyTorch's own."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from headstart.backbones.images.smoothing import smoothed


@pytest.mark.parametrize("size", [(37, 37), (16, 9), (50, 20), (1, 100), (3, 37)])
def test_it_is_what_pytorch_gives_without_an_export(size: tuple[int, int]) -> None:
    maps = torch.randn(1, 5, 37, 37, generator=torch.Generator().manual_seed(1))
    wanted = functional.interpolate(maps, size=size, mode="bicubic", align_corners=False, antialias=True)
    assert torch.allclose(smoothed(maps, size), wanted, atol=1e-5)
