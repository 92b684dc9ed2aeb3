"""The networks under decoders: maps as in transformers, stages that are frozen one by one, and models of before."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

import headstart
from headstart.backbones import SOURCES, load
from headstart.backbones.base import Batch, collate
from headstart.backbones.folders.transformers_networks import make_config
from headstart.backbones.images.backbone import ImageBackbone
from headstart.backbones.segmenters.encoders import Encoder, encoder_of
from headstart.frozen.engines.base import LARGEST
from headstart.frozen.frontier import find_frontier
from headstart.model.freezing import FreezePlan
from masked_pictures import scenes
from quick_engines import assert_engines_agree
from segmenter_folders import rescale, transformers_segmenter
from toys import raw_inputs, toy_network, toy_task

ALL = ["stage1", "stage2", "stage3", "stage4"]
FIVE = ["stem", *ALL]
CONVOLUTIONS = {"hidden_sizes": [8, 16, 24, 32], "depths": [1, 2, 1, 1]}
WINDOWS = {"image_size": 64, "embed_dim": 8, "depths": [2, 2, 1, 1], "num_heads": [1, 2, 2, 4], "window_size": 3}
KNOWN: dict[str, dict[str, Any]] = {
    "convnext": {"model_type": "convnext", "layer_scale_init_value": 0.5, **CONVOLUTIONS},
    "convnextv2": {"model_type": "convnextv2", **CONVOLUTIONS},
    "maskformer-swin": {"model_type": "maskformer-swin", **WINDOWS},
    "resnet": {"model_type": "resnet", "embedding_size": 8, "layer_type": "basic", **CONVOLUTIONS},
    "bottlenecks": {"model_type": "resnet", "embedding_size": 8, "downsample_in_first_stage": True, **CONVOLUTIONS},
    "swin": {"model_type": "swin", **WINDOWS},
}
UNDER = [
    *((kind, KNOWN[under]) for kind in ("maskformer", "mask2former", "upernet") for under in ("resnet", "swin")),
    ("upernet", KNOWN["convnext"]),
    ("upernet", KNOWN["convnextv2"]),
]

UNREAD = ("network.backbone.swin.layernorm.", "network.backbone.model.layernorm.")
"""What the files hold and no decoder reads: a normalisation after the last stage of Swin."""


def published(name: str, out_features: list[str]) -> Any:
    """A backbone of transformers with random weights, statistics that are no identity among them."""
    from transformers import AutoBackbone

    torch.manual_seed(0)
    made = AutoBackbone.from_config(make_config({**KNOWN[name], "out_features": out_features}, name)).eval()
    rescale(made)
    for name, value in [*made.named_parameters(), *made.named_buffers()]:
        if value.dim() == 1 and value.is_floating_point():
            nn.init.uniform_(value, 0.5, 1.5)
        elif name.endswith("relative_position_bias_table"):
            nn.init.normal_(value)
    return made


def encoder(backbone: Any) -> Encoder:
    made, _ = encoder_of(copy.deepcopy(backbone), staged=True)
    assert isinstance(made, Encoder)
    return made


def segmenter(folder: Path, kind: str, under: dict[str, Any], out_features: list[str] = ALL) -> ImageBackbone:
    transformers_segmenter(folder, kind, backbone_config={**under, "out_features": out_features})
    backbone = load(folder)
    assert isinstance(backbone, ImageBackbone)
    return backbone.framed((96, 64)).eval()


def inside(backbone: ImageBackbone) -> list[str]:
    """The names of the stages of what is under the decoder."""
    return [stage.name for stage in backbone.stages() if stage.name.startswith("backbone")]


def pictures(backbone: ImageBackbone, count: int = 2) -> Batch:
    return collate([backbone.preprocess(each) for each in raw_inputs("image", count)])


READ = [
    (name, read)
    for name in KNOWN
    for read in (ALL, ["stage2", "stage4"], FIVE)
    if (name, read) != ("maskformer-swin", FIVE)  # whose stem transformers refuses
]


@pytest.mark.parametrize(("name", "out_features"), READ)
def test_maps_are_those_of_transformers_at_any_size(name: str, out_features: list[str]) -> None:
    backbone = published(name, out_features)
    own = encoder(backbone)
    for size in ((64, 96), (50, 71), (33, 47)):
        pixels = torch.randn(2, 3, *size)
        with torch.no_grad():
            wanted, given = backbone(pixels).feature_maps, own(pixels).feature_maps
        assert len(given) == len(wanted) == len(out_features), size
        for one, other in zip(given, wanted, strict=True):
            assert one.shape == other.shape, size
            assert other.std() > 0.01, size
            assert float((one - other).abs().max()) <= 1e-5 * float(other.abs().max()), size


@pytest.mark.parametrize("name", KNOWN)
def test_weights_keep_their_names(name: str) -> None:
    backbone = published(name, ALL)
    assert list(encoder(backbone).state_dict()) == list(backbone.state_dict())


@pytest.mark.parametrize(("kind", "under"), UNDER)
def test_it_can_be_frozen_up_to_each_of_its_stages(kind: str, under: dict[str, Any], tmp_path: Path) -> None:
    """At some depths where the decoder takes long: the stages are those that one that is quick stands on, too."""
    backbone = segmenter(tmp_path / "model", kind, under)
    blocks = sum(under["depths"])
    assert len(inside(backbone)) >= 1 + blocks, "the stem and each block"
    network, batch = toy_network(backbone, toy_task(["a", "b"])).eval(), pictures(backbone)
    with torch.no_grad():
        wanted = backbone.features(batch)
    count = len(inside(backbone))
    for depth in range(1, count + 1) if kind == "upernet" else sorted({1, count // 2, count - 1, count}):
        FreezePlan(network, depth).apply()
        frontier = find_frontier(backbone, batch)
        assert not frontier.is_input
        given = frontier.trained(frontier.frozen(batch))
        assert torch.allclose(given, wanted, atol=1e-5 * float(wanted.abs().max()))
        backbone.zero_grad()
        given.sum().backward()
        reached = {name for name, value in backbone.named_parameters() if value.grad is not None}
        thawed = {name for stage in backbone.stages()[depth:] for name in stage.parameters}
        assert reached == {name for name in thawed if not name.startswith(UNREAD)}


def test_what_is_stored_lies_before_the_last_stage_and_where_the_decoder_reads(tmp_path: Path) -> None:
    backbone = segmenter(tmp_path / "model", "upernet", KNOWN["convnext"])
    names = inside(backbone)
    assert names[-1] == "backbone.encoder.stages.3.layers.0..backbone.hidden_states_norms.stage4"
    FreezePlan(toy_network(backbone, toy_task(["a", "b"])), len(names) - 1).apply()
    batch = pictures(backbone)
    stored = find_frontier(backbone, batch).frozen(batch)
    shapes = sorted(tuple(each.shape) for each in stored.values())
    assert shapes == [(2, 8, 16, 24), (2, 16, 8, 12), (2, 24, 4, 6), (2, 32, 2, 3)]


@pytest.mark.parametrize("under", ["convnext", "swin"])
def test_every_engine_runs_the_stages_before_the_middle(
    under: str, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    backbone = segmenter(tmp_path / "model", "upernet", KNOWN[under])
    FreezePlan(toy_network(backbone, toy_task(["a", "b"])), len(inside(backbone)) // 2).apply()
    frozen = find_frontier(backbone, pictures(backbone)).frozen
    assert_engines_agree(frozen, (pictures(backbone, 3), pictures(backbone, 5)), LARGEST, subtests)


def test_many_blocks_are_joined_and_maps_of_the_decoder_stay(tmp_path: Path) -> None:
    under = {**KNOWN["swin"], "embed_dim": 32, "depths": [2, 2, 18, 2]}
    backbone = segmenter(tmp_path / "model", "maskformer", under)
    assert len(backbone.stages()) == 20
    assert [each.name for each in backbone.offered_maps()] == ["mean", "layers.1", "layers.0", "stem"]


def test_a_network_that_is_not_known_here_is_one_stage(tmp_path: Path) -> None:
    under = {"model_type": "bit", "embedding_size": 8, "num_groups": 4, **CONVOLUTIONS}
    backbone = segmenter(tmp_path / "model", "upernet", under)
    assert inside(backbone) == ["backbone"]
    assert [each.stride for each in backbone.offered_maps()] == [4, 8, 16, 32]


def test_models_of_before_keep_the_one_stage_that_they_were_made_with(tmp_path: Path) -> None:
    backbone, source = segmenter(tmp_path / "model", "mask2former", KNOWN["swin"]), "transformers_segmenters"
    description = backbone.describe()
    assert description.pop("staged")
    before = SOURCES.load(source)().rebuild(description, None)
    assert inside(before) == ["backbone"]
    assert len(inside(backbone)) > len(inside(before))
    before.load_state_dict(backbone.state_dict())
    batch = pictures(backbone)
    with torch.no_grad():
        assert torch.allclose(before.features(batch), backbone.features(batch), atol=1e-5)
    again = SOURCES.load(source)().rebuild(before.describe(), None)
    assert again.describe() == before.describe()
    assert inside(again) == ["backbone"]


@pytest.mark.usefixtures("short_heads")
@pytest.mark.parametrize(
    ("kind", "under", "before_it"),
    [
        ("upernet", "convnext", "backbone_encoder_stages_3_downsampling_layer"),
        ("mask2former", "swin", "backbone_swin_encoder_layers_2_downsample"),
    ],
)
def test_a_fit_tunes_the_last_stage_under_the_decoder_from_what_is_stored(
    kind: str, under: str, before_it: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADSTART_CACHE", str(tmp_path / "cache"))
    start, out, data = tmp_path / "start", tmp_path / "model", scenes(tmp_path / "scenes", 12)
    before = segmenter(start, kind, KNOWN[under])
    depth = len(inside(before)) - 1
    strategy = f"fine_tuning:freeze_depth={depth},epochs=2,views=0"
    model = headstart.fit(data, backbone=str(start), strategy=strategy, budget="5m", out=out, quiet=True)
    assert any(before_it in json.loads(file.read_text())["cut"] for file in tmp_path.glob("cache/**/space.json"))
    state, values = load_file(out / "model.safetensors"), before.state_dict()
    moved = [
        any(not torch.equal(state[f"backbone.{name}"], values[name]) for name in stage.parameters)
        for stage in before.stages()
    ]
    assert moved[: depth + 1] == [False] * depth + [True]
    assert_judges_the_same_without_its_stages(model, out, data)


def assert_judges_the_same_without_its_stages(model: Any, folder: Path, data: Path) -> None:
    """As a model folder of before, which says nothing of them."""
    described = json.loads((folder / "model.json").read_text())
    assert described["backbone"].pop("staged")
    (folder / "model.json").write_text(json.dumps(described))
    again = headstart.load(folder, engine="eager")
    assert inside(again.network.backbone) == ["backbone"]
    given, wanted = (each.evaluate(data)["miou"].value for each in (again, model))
    assert given == pytest.approx(wanted, abs=1e-3)
