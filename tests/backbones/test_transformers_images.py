"""CLIP and SigLIP folders: both towers are read from safetensors, and agree with transformers' own model."""

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

from headstart.backbones import load, rebuild
from headstart.backbones.base import Name, collate
from headstart.backbones.texts.tiny_texts import tiny_tokenizer
from headstart.backbones.towers.transformers_towers import as_siglip_reads
from headstart.core.errors import HeadstartError, UsageError
from toys import raw_inputs
from transformer_folders import SETTINGS, towers_folder


@pytest.mark.parametrize("family", ["clip", "siglip"])
def test_both_towers_are_those_of_transformers(family: str, tmp_path: Path) -> None:
    model = towers_folder(tmp_path / "model", family)
    backbone = load(tmp_path / "model")
    assert backbone.card.modality == "image"
    assert backbone.card.words
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (32, 32, 3), np.uint8))
    batch = collate([backbone.preprocess(picture)])
    mean, std = torch.tensor(SETTINGS["image_mean"]), torch.tensor(SETTINGS["image_std"])
    pixels = (torch.from_numpy(np.array(picture)) / 255 - mean) / std
    assert torch.allclose(batch["pixels"][0], pixels.permute(2, 0, 1), atol=1e-5)
    named = backbone.named([Name("quick fox"), Name("lazy dog")], ["a {}"])
    tokens = tiny_tokenizer("distilbert")(["a quick fox", "a lazy dog"], padding="max_length", max_length=24)
    masked = ("input_ids", "attention_mask") if family == "clip" else ("input_ids",)
    given = {name: torch.tensor(tokens[name]) for name in masked}
    with torch.no_grad():
        outputs = model(pixel_values=batch["pixels"], **given)
        expected = outputs.image_embeds @ outputs.text_embeds.T * model.logit_scale.exp()
        features = torch.nn.functional.normalize(backbone.features(batch), dim=1)
    assert torch.allclose(named.scale * features @ named.directions.T, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("named", "read"),
    [("SiglipTokenizer", "a photo of an st bernard"), ("GemmaTokenizer", "a photo, of an st. bernard.")],
)
def test_siglip_reads_texts_as_it_was_trained(named: str, read: str, tmp_path: Path) -> None:
    """The class of transformers that the first one names takes punctuation out; the second keeps it."""
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": named}), encoding="utf-8")
    assert as_siglip_reads(["A photo, of an St. Bernard."], tmp_path) == [read]


@pytest.mark.parametrize("family", ["clip", "siglip"])
def test_pictures_are_prepared_as_transformers_does_without_a_file_of_them(family: str, tmp_path: Path) -> None:
    """Both families have statistics of their own; and a picture that is no square is cut, or squashed."""
    towers_folder(tmp_path / "model", family)
    (tmp_path / "model" / "preprocessor_config.json").unlink()
    made = {
        "clip": transformers.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=32),
        "siglip": transformers.SiglipImageProcessor(size={"height": 32, "width": 32}),
    }
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (32, 48, 3), np.uint8))
    wanted = made[family](picture, return_tensors="pt").pixel_values[0]
    # Pillow and torchvision round a level of 255 otherwise now and then
    assert (load(tmp_path / "model").preprocess(picture)["pixels"] - wanted).abs().max() < 2.5 / 255 / 0.25


def test_what_a_processor_of_several_kinds_of_inputs_says_of_pictures_is_read(tmp_path: Path) -> None:
    """transformers 5 writes it into processor_config.json alone, and reads it from there first."""
    towers_folder(tmp_path / "model", "clip")
    nested = {"image_processor": {**SETTINGS, "image_mean": [0.1, 0.2, 0.3]}, "processor_class": "CLIPProcessor"}
    (tmp_path / "model" / "processor_config.json").write_text(json.dumps(nested), encoding="utf-8")
    assert load(tmp_path / "model").preprocess.mean == pytest.approx((0.1, 0.2, 0.3))
    (tmp_path / "model" / "processor_config.json").write_text(json.dumps({"image_seq_length": 5}), encoding="utf-8")
    assert load(tmp_path / "model").preprocess.mean == pytest.approx(SETTINGS["image_mean"])
    broken = {**SETTINGS, "size": {"area": 7}, "crop_size": 32}
    (tmp_path / "model" / "preprocessor_config.json").write_text(json.dumps(broken), encoding="utf-8")
    with pytest.raises(HeadstartError, match="/model: nothing can be made of what it says of pictures"):
        load(tmp_path / "model")


def test_a_model_folder_holds_the_text_tower(tmp_path: Path) -> None:
    towers_folder(tmp_path / "model", "clip")
    backbone, names = load(tmp_path / "model"), [Name("fox"), Name("dog")]
    (tmp_path / "saved").mkdir()
    backbone.save_assets(tmp_path / "saved")
    before = backbone.named(names).directions
    for file in (tmp_path / "model").iterdir():
        file.unlink()
    again = rebuild(json.loads(json.dumps(backbone.describe())), tmp_path / "saved")
    assert torch.equal(again.named(names).directions, before)


def test_prompts_are_averaged_as_unit_vectors(tmp_path: Path) -> None:
    towers_folder(tmp_path / "model", "clip")
    backbone = load(tmp_path / "model")
    one, other = (backbone.named([Name("fox"), Name("dog")], [prompt]).directions for prompt in ("a {}", "the {}"))
    both = torch.nn.functional.normalize((one + other) / 2, dim=1)
    assert torch.allclose(backbone.named([Name("fox"), Name("dog")], ["a {}", "the {}"]).directions, both, atol=1e-6)
    with pytest.raises(UsageError, match=r"has no \{\} where the name"):
        backbone.named([Name("fox")], ["a photo"])


def test_a_damaged_text_tower_is_told(tmp_path: Path) -> None:
    towers_folder(tmp_path / "model", "clip")
    backbone = load(tmp_path / "model")
    (tmp_path / "saved").mkdir()
    backbone.save_assets(tmp_path / "saved")
    file = tmp_path / "saved" / "words" / "model.safetensors"
    state = load_file(file)
    torn = {**state, "text_projection.weight": state["text_projection.weight"][:2].contiguous()}
    save_file(torn, file, {"format": "pt"})
    with pytest.raises(HeadstartError, match="have another shape: text_projection"):
        rebuild(backbone.describe(), tmp_path / "saved").named([Name("fox"), Name("dog")])
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(HeadstartError, match="the text tower cannot be read"):
        rebuild(backbone.describe(), tmp_path / "saved").named([Name("fox"), Name("dog")])


def test_missing_weights_of_either_tower_are_named(tmp_path: Path) -> None:
    towers_folder(tmp_path / "model", "clip")
    file = tmp_path / "model" / "model.safetensors"
    state = load_file(file)
    save_file({n: t for n, t in state.items() if n != "text_projection.weight"}, file, {"format": "pt"})
    with pytest.raises(HeadstartError, match="text_projection"):
        load(tmp_path / "model").named([Name("fox"), Name("dog")])
    save_file({n: t for n, t in state.items() if n != "visual_projection.weight"}, file, {"format": "pt"})
    with pytest.raises(HeadstartError, match="visual_projection"):
        load(tmp_path / "model")


def given_by(model: Any, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Patch tokens (N, h · w, D) after the last norm, and features, of transformers."""
    with torch.no_grad():
        tokens = model.vision_model(pixels, interpolate_pos_encoding=True).last_hidden_state
        features = model.get_image_features(pixels, interpolate_pos_encoding=True).pooler_output
        if model.config.model_type == "clip":  # it lets the first token alone pass the norm
            tokens = model.vision_model.post_layernorm(tokens)[:, 1:]
    return tokens, features


@pytest.mark.parametrize("patch", [8, 14])
@pytest.mark.parametrize("family", ["clip", "siglip"])
def test_the_picture_tower_gives_its_patches_as_a_map_of_the_frame(family: str, patch: int, tmp_path: Path) -> None:
    """Positions are interpolated as transformers does it; patches of 14 pixels show 16 of the frame's."""
    model = towers_folder(tmp_path / "model", family, patch)
    made = load(tmp_path / "model")
    backbone = made.framed((96, 64))
    (offered,) = backbone.offered_maps()
    assert (offered.stride, offered.channels) == (16 if patch == 14 else 8, 32)
    assert (backbone.learning_rate, backbone.prompts) == (made.learning_rate, ())
    batch = collate([backbone.preprocess(each) for each in raw_inputs("image", 2)])
    places = (64 // offered.stride, 96 // offered.stride)
    assert batch["pixels"].shape[2:] == (places[0] * patch, places[1] * patch)
    tokens, features = given_by(model, batch["pixels"])
    with torch.no_grad():
        found = backbone.maps(batch, [offered.name])[offered.name]
        assert torch.allclose(backbone.features(batch), features, atol=1e-5)
    assert torch.allclose(found, tokens.transpose(1, 2).unflatten(2, places), atol=1e-5)
    assert (found[0] - found[1]).abs().max() > 1e-3, "the pictures were to be told apart: well above the tolerance"


@pytest.mark.parametrize("family", ["clip", "siglip"])
def test_under_a_frame_it_is_saved_without_words_and_rebuilt(family: str, tmp_path: Path) -> None:
    towers_folder(tmp_path / "model", family)
    backbone = load(tmp_path / "model").framed((96, 64))
    (tmp_path / "saved").mkdir()
    backbone.save_assets(tmp_path / "saved")
    assert not list((tmp_path / "saved").iterdir())
    assert backbone.named([Name("fox"), Name("dog")]) is None
    assert not any("text" in name for name in backbone.state_dict())
    again = rebuild(json.loads(json.dumps(backbone.describe())), tmp_path / "saved")
    again.load_state_dict(backbone.state_dict())
    assert (again.describe(), again.learning_rate) == (backbone.describe(), backbone.learning_rate)
    batch = collate([backbone.preprocess(each) for each in raw_inputs("image", 2)])
    with torch.no_grad():
        assert torch.equal(again.maps(batch, ["map"])["map"], backbone.maps(batch, ["map"])["map"])


def test_stages_of_a_tower_under_a_frame_are_its_layers(tmp_path: Path) -> None:
    towers_folder(tmp_path / "model", "siglip")
    stages = load(tmp_path / "model").framed((96, 64)).stages()
    assert [stage.name for stage in stages[:4]] == [
        "transformer.patch_embed",
        *(f"transformer.layers.{i}" for i in (0, 1, 2)),
    ]
    assert any(".pool." in name for name in stages[-1].parameters)
