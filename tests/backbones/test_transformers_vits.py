"""Plain vision transformers of transformers: what it gives, maps of their patches, and broken folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from safetensors.torch import load_file, save_file

from headstart.backbones import SOURCES, load
from headstart.backbones.base import collate
from headstart.backbones.folders.prior import estimated
from headstart.backbones.transformers_vits import FAMILIES
from headstart.core.errors import HeadstartError
from headstart.frozen.frontier import find_frontier
from headstart.model.freezing import FreezePlan
from quick_engines import assert_engines_agree
from toys import raw_inputs, toy_network, toy_task
from transformer_folders import classifier_folder

FRAME = (96, 64)


def changed(folder: Path, name: str = "config.json", **values: Any) -> None:
    file = folder / name
    plain = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    file.write_text(json.dumps({**plain, **values}), encoding="utf-8")


def given_by(model: Any, pixels: torch.Tensor) -> torch.Tensor:
    """Tokens (N, P + h · w, D) of transformers; DINOv2 interpolates unasked."""
    further = {} if type(model).__name__.startswith("Dinov2") else {"interpolate_pos_encoding": True}
    with torch.no_grad():
        tokens: torch.Tensor = model(pixels, **further).last_hidden_state
    return tokens


@pytest.mark.parametrize("kind", FAMILIES)
def test_features_are_the_class_token_of_transformers(kind: str, tmp_path: Path) -> None:
    model = classifier_folder(tmp_path / "vit", kind)
    backbone = load(tmp_path / "vit")
    pixels = torch.randn(2, 3, 64, 64)
    wanted = given_by(model, pixels)[:, 0]
    with torch.no_grad():
        assert torch.allclose(backbone.features({"pixels": pixels}), wanted, atol=1e-5)
    assert (wanted[0] - wanted[1]).abs().max() > 1e-3, "the pictures were to be told apart: well above the tolerance"
    assert backbone.card.modality == "image"
    assert backbone.card.rank == estimated("vit", backbone.card.parameters).rank
    names = [stage.name for stage in backbone.stages()]
    assert names == ["patch_embed", "layers.0", "layers.1", "layers.2", "layers.3..norm"]


@pytest.mark.parametrize(
    ("kind", "patch"), [("vit", 16), ("deit", 16), ("dinov2", 14), ("dinov2_with_registers", 14)]
)
def test_patches_become_a_map_of_the_frame(kind: str, patch: int, tmp_path: Path) -> None:
    model = classifier_folder(tmp_path / "vit", kind, patch)
    backbone = load(tmp_path / "vit").framed(FRAME)
    (offered,) = backbone.offered_maps()
    assert (offered.stride, offered.channels) == (16, 24)
    batch = collate([backbone.preprocess(each) for each in raw_inputs("image", 2)])
    assert batch["pixels"].shape[2:] == (4 * patch, 6 * patch)
    prefix = {"deit": 2, "dinov2_with_registers": 1 + 4}.get(kind, 1)
    wanted = given_by(model, batch["pixels"])[:, prefix:].transpose(1, 2).unflatten(2, (4, 6))
    with torch.no_grad():
        found = backbone.maps(batch, [offered.name])[offered.name]
    assert torch.allclose(found, wanted, atol=1e-5)
    rebuilt = SOURCES.load("transformers_vits")().rebuild(backbone.describe(), None)
    rebuilt.load_state_dict(backbone.state_dict())
    with torch.no_grad():
        assert torch.equal(rebuilt.maps(batch, [offered.name])[offered.name], found)


@pytest.mark.parametrize("kind", ["dinov2", "dinov2_with_registers"])
def test_positions_of_smaller_pictures_are_interpolated_as_transformers_does(kind: str, tmp_path: Path) -> None:
    """Those beside registers are smoothed first."""
    model = classifier_folder(tmp_path / "vit", kind)
    backbone = load(tmp_path / "vit").framed((48, 32))
    batch = collate([backbone.preprocess(each) for each in raw_inputs("image", 2)])
    assert batch["pixels"].shape[2:] == (32, 48)
    with torch.no_grad():
        assert torch.allclose(backbone.features(batch), given_by(model, batch["pixels"])[:, 0], atol=1e-5)


@pytest.mark.parametrize("frame", [FRAME, (48, 32)], ids=["larger", "smaller"])
@pytest.mark.parametrize("kind", FAMILIES)
def test_every_engine_gives_the_same_in_batches_of_any_size(
    kind: str, frame: tuple[int, int], tmp_path: Path, subtests: pytest.Subtests
) -> None:
    classifier_folder(tmp_path / "vit", kind)
    backbone = load(tmp_path / "vit").framed(frame).eval()
    first, second = (collate([backbone.preprocess(each) for each in raw_inputs("image", count)]) for count in (3, 5))
    FreezePlan(toy_network(backbone, toy_task(["a", "b"])), 3).apply()
    frozen = find_frontier(backbone, first, [each.name for each in backbone.offered_maps()]).frozen
    assert frozen is not None
    assert_engines_agree(frozen, (first, second), 1e-5, subtests)


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8))


def test_pictures_are_as_large_as_the_processor_says(tmp_path: Path) -> None:
    model = classifier_folder(tmp_path / "vit", "dinov2", 14)
    assert load(tmp_path / "vit").preprocess.size == 56
    size = {"crop_size": {"height": 84, "width": 84}, "size": {"shortest_edge": 96}, "image_mean": [0.1, 0.2, 0.3]}
    changed(tmp_path / "vit", "preprocessor_config.json", **size)
    backbone = load(tmp_path / "vit")
    assert (backbone.preprocess.size, backbone.preprocess.mean) == (84, (0.1, 0.2, 0.3))
    picture = noise(144, 96)  # the shorter side stays as it is, and a rim is cut off
    processor = transformers.BitImageProcessor(**size, image_std=[0.229, 0.224, 0.225])
    pixels = processor(picture, return_tensors="pt").pixel_values
    assert torch.allclose(backbone.preprocess(picture)["pixels"], pixels[0], atol=1e-5)
    with torch.no_grad():
        given = backbone.features({"pixels": pixels})
    assert torch.allclose(given, given_by(model, pixels)[:, 0], atol=1e-5)


@pytest.mark.parametrize(
    ("size", "squash", "hint"),
    [
        ({"size": {"height": 64, "width": 64}}, True, 64),  # ViT's own processor
        ({"size": 72, "crop_size": 64, "do_center_crop": True}, True, 72),  # DeiT, as published
        ({"size": 64, "crop_size": 48, "do_center_crop": False}, True, 64),
        ({"size": {"shortest_edge": 72}, "crop_size": {"height": 64, "width": 64}}, False, 72),
        ({}, True, 64),
    ],
)
def test_whole_pictures_become_squares_where_the_processor_says_so(
    size: dict[str, Any], squash: bool, hint: int, tmp_path: Path
) -> None:
    classifier_folder(tmp_path / "vit", "vit")
    changed(tmp_path / "vit", "preprocessor_config.json", **size)
    ours = load(tmp_path / "vit").preprocess
    assert (ours.size, ours.squash, ours.size_hint) == (64, squash, hint)
    theirs = transformers.ViTImageProcessor(resample=3, **(size or {"size": 64}))
    if size.get("do_center_crop", "crop_size" in size):
        theirs = transformers.DeiTImageProcessor(image_mean=[0.5] * 3, image_std=[0.5] * 3, **size)
    picture = noise(200, 120)
    wanted = theirs(picture, return_tensors="pt").pixel_values[0]
    # Pillow and torchvision round a level of 255 otherwise now and then
    assert (ours(picture)["pixels"] - wanted).abs().max() < 2.5 / 255 / 0.5


@pytest.mark.parametrize("broken", [{"size": "large"}, {"size": {"area": 7}}, {"rescale_factor": "x"}])
def test_a_processor_that_says_nothing_of_use_is_named(broken: dict[str, Any], tmp_path: Path) -> None:
    classifier_folder(tmp_path / "vit", "vit")
    changed(tmp_path / "vit", "preprocessor_config.json", **broken)
    with pytest.raises(HeadstartError, match=r"/vit: nothing can be made of preprocessor_config\.json"):
        load(tmp_path / "vit")


@pytest.mark.parametrize(
    ("kind", "broken"),
    [
        ("vit", {"num_attention_heads": 7}),
        ("deit", {"hidden_size": "wide"}),
        ("dinov2", {"hidden_act": "none such"}),
        ("vit", {"num_hidden_layers": 6}),
        ("dinov2", {"image_size": 112}),
    ],
)
def test_a_configuration_that_nothing_is_built_from_is_named(
    kind: str, broken: dict[str, Any], tmp_path: Path
) -> None:
    classifier_folder(tmp_path / "vit", kind)
    changed(tmp_path / "vit", **broken)
    with pytest.raises(HeadstartError, match=r"/vit: (no network can be built|the weights do not|its weights could)"):
        load(tmp_path / "vit")


def test_missing_weights_are_named(tmp_path: Path) -> None:
    classifier_folder(tmp_path / "vit", "vit")
    file = tmp_path / "vit" / "model.safetensors"
    save_file({name: value for name, value in load_file(file).items() if "cls_token" not in name}, file)
    with pytest.raises(HeadstartError, match=r"1 missing \(embeddings\.cls_token\)"):
        load(tmp_path / "vit")
