"""open_clip folders: the same towers under open_clip's names give the same features and directions."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from headstart.backbones import all_cards, load, rebuild
from headstart.backbones.base import Name
from headstart.backbones.folders.open_clip_names import renamed
from headstart.backbones.texts.tiny_texts import tiny_tokenizer
from headstart.core.errors import HeadstartError

NAMES = [Name("quick fox"), Name("lazy dog")]


def clip(act: str) -> Any:
    """transformers' CLIP, small, with random weights."""
    from transformers import AutoConfig, AutoModel

    small = {"intermediate_size": 256, "num_hidden_layers": 2, "hidden_act": act, "projection_dim": 24}
    words = len(tiny_tokenizer("distilbert"))
    text = {**small, "hidden_size": 64, "num_attention_heads": 4, "vocab_size": words, "max_position_embeddings": 24}
    vision = {**small, "hidden_size": 64, "num_attention_heads": 1, "image_size": 32, "patch_size": 8}
    text["eos_token_id"] = 2
    torch.manual_seed(0)
    return AutoModel.from_config(
        AutoConfig.for_model("clip", text_config=text, vision_config=vision, projection_dim=24)
    ).eval()


def as_open_clip(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same weights as open_clip 3.3's ``CLIP`` names and shapes them (its ``state_dict`` for ViT-B-32)."""
    plain = (
        ("vision_model.embeddings.class_embedding", "visual.class_embedding"),
        ("vision_model.embeddings.patch_embedding.", "visual.conv1."),
        ("vision_model.embeddings.position_embedding.weight", "visual.positional_embedding"),
        ("text_model.embeddings.token_embedding.", "token_embedding."),
        ("text_model.embeddings.position_embedding.weight", "positional_embedding"),
        ("vision_model.pre_layrnorm.", "visual.ln_pre."),
        ("vision_model.post_layernorm.", "visual.ln_post."),
        ("text_model.final_layer_norm.", "ln_final."),
        ("vision_model.encoder.layers.", "visual.transformer.resblocks."),
        ("text_model.encoder.layers.", "transformer.resblocks."),
        ("layer_norm1", "ln_1"), ("layer_norm2", "ln_2"), ("self_attn.out_proj", "attn.out_proj"),
        ("mlp.fc1", "mlp.c_fc"), ("mlp.fc2", "mlp.c_proj"),
    )  # fmt: skip
    turned = {"visual_projection.weight": "visual.proj", "text_projection.weight": "text_projection"}
    found: dict[str, Tensor] = {}
    for name, tensor in state.items():
        own = name
        for theirs, ours in plain:
            own = own.replace(theirs, ours)
        if name in turned:
            found[turned[name]] = tensor.T.contiguous()
        elif match := re.fullmatch(r"(.*)self_attn\.q_proj\.(weight|bias)", own):
            parts = [state[name.replace("q_proj", f"{part}_proj")] for part in "qkv"]
            found[f"{match[1]}attn.in_proj_{match[2]}"] = torch.cat(parts)
        elif not re.search(r"self_attn\.[kv]_proj|position_ids", own):
            found[own] = tensor.contiguous()
    return found


def written(folder: Path, act: str, **changes: Any) -> Any:
    """A model folder as open_clip's ``save_for_hf`` leaves it; the model of transformers whose weights it has."""
    model = clip(act)
    folder.mkdir()
    tiny_tokenizer("distilbert").save_pretrained(str(folder))
    (folder / "config.json").unlink(missing_ok=True)
    save_file(as_open_clip(model.state_dict()), folder / "open_clip_model.safetensors")
    text = {
        "context_length": 24,
        "vocab_size": len(tiny_tokenizer("distilbert")),
        "width": 64,
        "heads": 4,
        "layers": 2,
    }
    vision = {"image_size": 32, "layers": 2, "width": 64, "patch_size": 8, **changes}
    cfg = {"embed_dim": 24, "vision_cfg": vision, "text_cfg": text}
    cfg |= {"quick_gelu": True} if act == "quick_gelu" else {}
    prepared = {
        "mean": [0.4, 0.5, 0.6],
        "std": [0.2, 0.3, 0.4],
        "interpolation": "bilinear",
        "resize_mode": "shortest",
    }
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": cfg, "preprocess_cfg": prepared}))
    return model


@pytest.mark.parametrize("act", ["gelu", "quick_gelu"])
def test_both_towers_are_those_under_other_names(act: str, tmp_path: Path) -> None:
    model = written(tmp_path / "model", act)
    backbone = load(tmp_path / "model")
    assert (backbone.card.modality, backbone.card.words) == ("image", True)
    pixels = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    tokens = tiny_tokenizer("distilbert")(["a quick fox", "a lazy dog"], padding="max_length", max_length=24)
    with torch.no_grad():
        outputs = model(pixel_values=pixels, input_ids=torch.tensor(tokens["input_ids"]))
        features = torch.nn.functional.normalize(backbone.features({"pixels": pixels}), dim=1)
    named = backbone.named(NAMES, ["a {}"])
    assert named is not None
    assert torch.allclose(features, outputs.image_embeds, atol=1e-5)
    assert torch.allclose(named.scale * features @ named.directions.T, outputs.logits_per_image, atol=1e-4)
    described = backbone.preprocess.describe()
    assert (described["size"], described["interpolation"]) == (32, "bilinear")
    assert described["mean"] == pytest.approx([0.4, 0.5, 0.6])


@pytest.mark.parametrize(("mode", "squash"), [("shortest", False), ("squash", True)])
def test_pictures_are_resized_as_in_pretraining(mode: str, squash: bool, tmp_path: Path) -> None:
    written(tmp_path / "model", "gelu")
    file = tmp_path / "model" / "open_clip_config.json"
    file.write_text(file.read_text().replace('"resize_mode": "shortest"', f'"resize_mode": "{mode}"'))
    preprocess = load(tmp_path / "model").preprocess
    halves = Image.new("RGB", (96, 32))
    halves.paste((255, 255, 255), (0, 0, 24, 32))  # a quarter of the whole, and outside of the middle
    levels = preprocess(halves)["pixels"]
    assert bool((levels[:, :, 0] > levels[:, :, -1]).all()) is squash


def test_a_finished_model_is_rebuilt_from_its_own_folder(tmp_path: Path) -> None:
    written(tmp_path / "model", "gelu")
    backbone = load(tmp_path / "model")
    assets = tmp_path / "assets"
    assets.mkdir()
    backbone.save_assets(assets)
    again = rebuild(json.loads(json.dumps(backbone.describe())), assets)
    again.load_state_dict(backbone.state_dict())
    first, second = (each.named(NAMES).directions for each in (backbone, again))  # type: ignore[union-attr]
    assert torch.equal(first, second)


def test_a_text_tower_of_its_own_is_read_too() -> None:
    state = as_open_clip(clip("gelu").state_dict())
    custom = {name if name.startswith(("visual.", "logit")) else f"text.{name}": t for name, t in state.items()}
    plain, own = renamed(state), renamed(custom)
    assert plain.keys() == own.keys()
    assert all(torch.equal(plain[name], own[name]) for name in plain)


def test_a_folder_of_two_libraries_is_to_each_what_its_own_files_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the hub keeps timm's CLIP models; by path the model that knows words is read."""
    import timm

    folder = tmp_path / "models--somebody--both" / "snapshots" / "abc"
    folder.parent.mkdir(parents=True)
    written(folder, "gelu")
    network = timm.create_model("resnet18", layers=[1, 1, 1, 1], num_classes=0).eval()
    save_file(network.state_dict(), folder / "model.safetensors")
    config = {"architecture": "resnet18", "model_args": {"layers": [1, 1, 1, 1]}, "pretrained_cfg": {}}
    (folder / "config.json").write_text(json.dumps(config))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    (card,) = (card for card in all_cards() if "somebody" in card.name)
    assert (card.name, card.words) == ("timm/somebody/both", False)
    assert card.parameters == sum(value.numel() for value in network.state_dict().values())
    monkeypatch.setattr("headstart.backbones.timm.fetch_folder", lambda *asked: folder)
    monkeypatch.setattr("headstart.backbones.open_clip.fetch_folder", lambda *asked: folder)
    pixels = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(load("timm/somebody/both").features({"pixels": pixels}), network(pixels))
    for name in ("open_clip/somebody/both", folder):
        backbone = load(name)
        assert backbone.card.words
        assert backbone.card.bytes == (folder / "open_clip_model.safetensors").stat().st_size


def test_a_broken_folder_in_the_cache_ends_no_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "models--somebody--broken" / "snapshots" / "abc"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"")
    (folder / "config.json").write_text("{")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert not any("broken" in card.name for card in all_cards())


def test_it_is_found_beside_the_others_and_what_is_no_vision_transformer_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path / "good", "gelu")
    written(tmp_path / "other", "gelu", timm_model_name="vit_base_patch16_siglip_224")
    monkeypatch.setenv("HEADSTART_MODELS", str(tmp_path))
    assert [card.words for card in all_cards() if card.name == "local/good"] == [True]
    assert all(card.name != "local/other" for card in all_cards())
    with pytest.raises(HeadstartError, match="vision_cfg asks for timm_model_name"):
        load(tmp_path / "other")
