"""The trunks of segmenters that predict sets of masks: positions as published, on every engine, layer by layer."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from headstart.backbones import load
from headstart.backbones.base import Batch, collate
from headstart.backbones.images.backbone import ImageBackbone
from headstart.backbones.segmenters.mask_transformer_trunks import _positions
from headstart.frozen.frontier import find_frontier
from headstart.model.freezing import FreezePlan
from quick_engines import assert_engines_agree
from segmenter_folders import transformers_segmenter
from toys import raw_inputs, toy_network, toy_task

CLOSE = 1e-4
"""The largest difference over the largest magnitude: where attention looks is computed by each library anew."""


@pytest.fixture
def segmenter(tmp_path: Path) -> ImageBackbone:
    transformers_segmenter(tmp_path / "model", "mask2former")
    backbone = load(tmp_path / "model")
    assert isinstance(backbone, ImageBackbone)
    return backbone.framed((96, 64)).eval()


def pictures(backbone: ImageBackbone, count: int) -> Batch:
    return collate([backbone.preprocess(each) for each in raw_inputs("image", count)])


def test_positions_are_those_of_transformers() -> None:
    from transformers.models.mask2former.modeling_mask2former import Mask2FormerSinePositionEmbedding

    published = Mask2FormerSinePositionEmbedding(num_position_features=16, normalize=True)
    one = torch.zeros(2, 32, 5, 7)
    wanted = published(one.shape, one.device, one.dtype)[0].flatten(1).T
    assert torch.allclose(_positions(one), wanted, atol=1e-6)


def test_every_engine_gives_the_same_maps_in_batches_of_any_size(
    segmenter: ImageBackbone, subtests: pytest.Subtests
) -> None:
    maps = [each.name for each in segmenter.offered_maps()]
    FreezePlan(toy_network(segmenter, toy_task(["a", "b"])), len(segmenter.stages())).apply()
    first, second = pictures(segmenter, 3), pictures(segmenter, 5)
    frozen = find_frontier(segmenter, first, maps).frozen
    assert frozen is not None
    with torch.no_grad():
        assert set(frozen(first)) == set(maps)
    assert_engines_agree(frozen, (first, second), CLOSE, subtests)


def test_a_layer_of_attention_is_trained_without_the_one_before(segmenter: ImageBackbone) -> None:
    names = [stage.name for stage in segmenter.stages()]
    assert [name for name in names if name.startswith("layers")] == ["layers.0", "layers.1"]
    plan = FreezePlan(toy_network(segmenter, toy_task(["a", "b"])), names.index("layers.1"))
    plan.apply()
    moving = {name for name, parameter in segmenter.named_parameters() if parameter.requires_grad}
    assert "network.layers.1.of_maps" in moving
    assert "network.layers.0.of_maps" not in moving
    segmenter.features(pictures(segmenter, 2)).sum().backward()
    graded = {name for name, parameter in segmenter.named_parameters() if parameter.grad is not None}
    assert graded == moving
