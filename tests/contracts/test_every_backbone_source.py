"""Every family of every backbone source keeps the contract: stages, features, depths, rebuilding, where to cut."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import fx, nn

from headstart.backbones import SOURCES, rebuild
from headstart.backbones.base import Backbone, Batch, collate
from headstart.frozen.frontier import find_frontier

FAMILIES = [f"{source}:{family}" for source in SOURCES.names() for family in SOURCES.load(source)().families()]
RAW = {
    "image": [
        Image.fromarray(np.random.default_rng(i).integers(0, 255, (90 + 20 * i, 120, 3), np.uint8)) for i in range(2)
    ],
    "text": ["the quick brown fox", "a model learns from a few examples and then reads many more " * 3],
}


LEARNT_PLACES = re.compile(
    r"\b((cls|class|dist|reg|detection)_tokens?|tokens|class_embedding"
    r"|positions|(pos_embed|(pos|position)_embeddings?|wpe)(\.weight)?)$"
)
"""Names of class tokens, registers and embeddings of positions, as libraries give them to parameters."""

HAVE_LEARNT_PLACES = {
    "timm:vit_tiny_patch16_224", "torchvision:vit_b_16", "transformers_detectors:yolos", "transformers_entailment",
    "transformers_images", "transformers_text", "transformers_vits",
}  # fmt: skip
"""Families of transformers, and sources of them alone."""

RELATIVE = {f"transformers_text:{family}" for family in ("deberta-v2", "gemma3", "llama")}
"""Each of their layers tells places apart by how far they are from each other."""


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def backbone(family: str) -> Backbone:
    source, _, name = family.partition(":")
    torch.manual_seed(0)
    return SOURCES.load(source)().tiny(name)


@pytest.fixture
def batch(backbone: Backbone) -> Batch:
    return collate([backbone.preprocess(raw) for raw in RAW[backbone.card.modality]])


def test_stages_hold_everything_exactly_once(backbone: Backbone) -> None:
    stages = backbone.stages()
    parameters = [name for stage in stages for name in stage.parameters]
    buffers = [name for stage in stages for name in stage.buffers]
    assert sorted(parameters) == sorted(name for name, _ in backbone.named_parameters())
    assert sorted(buffers) == sorted(name for name, _ in backbone.named_buffers())
    assert len({stage.name for stage in stages}) == len(stages)
    assert 4 <= len(stages) <= 20
    assert all(stage.parameters for stage in stages)


def test_stages_run_in_order(backbone: Backbone, batch: Batch) -> None:
    """The modules that hold parameters are entered in the order of their stages."""
    stage_of = {name: i for i, stage in enumerate(backbone.stages()) for name in stage.parameters}
    entered: list[int] = []

    def note(stage: int):
        return lambda module, args: entered.append(stage)

    handles = [
        module.register_forward_pre_hook(note(stage_of[f"{path}.{next(iter(module._parameters))}"]))
        for path, module in backbone.named_modules()
        if any(p is not None for p in module._parameters.values()) and not any(module.children())
    ]
    with torch.no_grad():
        backbone.features(batch)
    for handle in handles:
        handle.remove()
    assert len(set(entered)) >= len(backbone.stages()) - 1
    first = list(dict.fromkeys(entered))
    assert first == sorted(first)
    if backbone.layer_run() is None:
        assert entered == sorted(entered)


def test_class_token_and_position_embedding_are_in_the_first_stage(family: str, backbone: Backbone) -> None:
    found = {name for name, _ in backbone.named_parameters() if LEARNT_PLACES.search(name)}
    assert found <= set(backbone.stages()[0].parameters)
    if {family, family.partition(":")[0]} & HAVE_LEARNT_PLACES and family not in RELATIVE:
        assert found


def test_features_have_the_size_announced_and_repeat(backbone: Backbone, batch: Batch) -> None:
    assert not backbone.training
    with torch.no_grad():
        first, second = backbone.features(batch), backbone.features(batch)
    assert first.shape == (2, backbone.feature_size)
    assert torch.isfinite(first).all()
    assert torch.equal(first, second)


def test_depths_end_with_the_features(backbone: Backbone, batch: Batch) -> None:
    with torch.no_grad():
        depths, features = backbone.depth_features(batch), backbone.features(batch)
    names = [stage.name for stage in backbone.stages()]
    assert 2 <= len(depths) <= 6
    assert [name for name in names if name in depths] == list(depths)
    assert list(depths)[-1] == names[-1]
    assert torch.equal(depths[names[-1]], features)
    assert all(pooled.dim() == 2 and len(pooled) == 2 for pooled in depths.values())


def test_the_description_rebuilds_the_same_network(backbone: Backbone, batch: Batch, tmp_path: Path) -> None:
    description = json.loads(json.dumps(backbone.describe()))
    backbone.save_assets(tmp_path)
    again = rebuild(description, tmp_path)
    assert again.describe() == description
    assert again.card == backbone.card
    again.load_state_dict(backbone.state_dict())
    for raw in RAW[backbone.card.modality]:
        a, b = backbone.preprocess(raw), again.preprocess(raw)
        assert a.keys() == b.keys()
        assert all(torch.equal(a[name], b[name]) for name in a)
    with torch.no_grad():
        assert torch.equal(again.features(batch), backbone.features(batch))


def test_the_forward_can_be_cut(backbone: Backbone, batch: Batch) -> None:
    """By tracing, or between layers: each way gives the features again. One that says neither is run whole."""
    if backbone.layer_run() is not None:
        _check_between_layers(backbone, batch)
        return
    traced = backbone.traced()
    if traced is None:
        assert find_frontier(backbone, batch).is_input
        return
    module, entry = traced
    leaves = backbone.tracer_leaves()

    class Tracer(fx.Tracer):
        def is_leaf_module(self, m: nn.Module, qualified: str) -> bool:
            return isinstance(m, leaves) or super().is_leaf_module(m, qualified)

    graph = Tracer(autowrap_functions=backbone.tracer_functions()).trace(module)
    with torch.no_grad():
        assert torch.equal(fx.GraphModule(module, graph)(batch[entry]), backbone.features(batch))


def _check_between_layers(backbone: Backbone, batch: Batch) -> None:
    """Running on from the activation that enters a layer gives the same features."""
    run = backbone.layer_run()
    layers = getattr(run.owner, run.attribute)
    assert len(layers) == len(backbone.stages()) - 1
    assert next(iter(inspect.signature(layers[0].forward).parameters)) == run.argument
    for number, stage in enumerate(backbone.stages()):
        for name in stage.parameters:
            backbone.get_parameter(name).requires_grad_(number > 2)
    frontier = find_frontier(backbone, batch)
    backbone.requires_grad_(True)
    assert frontier.cut == "layer-2"
    with torch.no_grad():
        assert torch.equal(frontier.trained(frontier.frozen(batch)), backbone.features(batch))


def test_views_are_repeatable_and_of_one_shape(backbone: Backbone) -> None:
    preprocess, raw = backbone.preprocess, RAW[backbone.card.modality][0]
    plain = preprocess(raw)
    assert json.dumps(preprocess.describe())
    for view in range(1, min(preprocess.views, 3)):
        seen, again = preprocess(raw, view, "a"), preprocess(raw, view, "a")
        assert all(torch.equal(seen[name], again[name]) for name in seen)
        assert {name: tensor.shape for name, tensor in seen.items()} == {n: t.shape for n, t in plain.items()}
        assert any(not torch.equal(seen[name], plain[name]) for name in seen)


@pytest.mark.parametrize("name", SOURCES.names())
def test_cards_name_their_source_and_need_no_weights(name: str) -> None:
    source = SOURCES.load(name)()
    for card in source.cards():
        assert card.name.startswith(f"{source.prefix}/")
        assert card.modality
        assert card.to_json()["name"] == card.name
