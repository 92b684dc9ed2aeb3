"""Backbone and head, and what the head reads."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from headstart.model.network import Network, set_linear
from toys import toy_backbone, toy_pictures

BATCH = {"pixels": torch.stack([torch.from_numpy(p) for p in toy_pictures(3)[0]])}


def test_the_head_reads_the_last_features_or_several_depths_side_by_side():
    backbone = toy_backbone()
    by_depth = backbone.depth_features(BATCH)
    last = Network(backbone, nn.Linear(8, 2)).eval()
    assert torch.equal(last.pooled(BATCH), backbone.features(BATCH))
    assert torch.equal(last(BATCH), last.head(backbone.features(BATCH)))
    several = Network(backbone, nn.Linear(14, 2), depths=["block1", "block3"]).eval()
    assert torch.equal(several.pooled(BATCH), torch.cat([by_depth["block1"], by_depth["block3"]], dim=1))
    assert several(BATCH).shape == (3, 2)


def test_a_solved_head_is_copied_in_and_no_other_kind_has_a_solution():
    head = nn.Linear(3, 2)
    set_linear(head, torch.ones(2, 3), torch.tensor([1.0, 2.0]))
    assert head(torch.ones(1, 3)).tolist() == [[4.0, 5.0]]
    with pytest.raises(TypeError, match="Sequential"):
        set_linear(nn.Sequential(), torch.ones(2, 3), torch.ones(2))
