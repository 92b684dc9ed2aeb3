"""An image network in stages: what it reads of them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from headstart.backbones.images import backbone as _image_backbone
from headstart.backbones.torchvision import Torchvision


def test_a_pass_pools_what_it_gives_alone_once_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    backbone = Torchvision().tiny("mobilenet_v2")
    pooled: list[Tensor] = []
    pool = _image_backbone._pool
    monkeypatch.setattr(_image_backbone, "_pool", lambda given: pooled.append(given) or pool(given))
    batch = {"pixels": torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))}
    first, pooled_at_first = backbone.depth_features(batch), len(pooled)
    second = backbone.depth_features(batch)
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert len(pooled) - pooled_at_first == len(first) - 1 <= pooled_at_first
