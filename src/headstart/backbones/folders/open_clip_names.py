"""open_clip's folders in transformers' terms: the configuration, and the names and shapes of the weights."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.core.errors import HeadstartError
from headstart.core.files import read_json

if TYPE_CHECKING:
    from torch import Tensor

CONFIG, WEIGHTS = "open_clip_config.json", "open_clip_model.safetensors"

_PLAIN = {
    "vision_cfg": {"layers", "width", "head_width", "mlp_ratio", "patch_size", "image_size"},
    "text_cfg": {
        "context_length", "vocab_size", "width", "heads", "layers", "mlp_ratio",
        "hf_tokenizer_name", "tokenizer_kwargs", "tokenizer_mode",
    },
}  # fmt: skip
"""Settings of the two towers that can be said in transformers' terms."""

_NAMES = {
    "logit_scale": "logit_scale",
    "visual.class_embedding": "vision_model.embeddings.class_embedding",
    "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
}
_NORMS = {
    "visual.ln_pre": "vision_model.pre_layrnorm",
    "visual.ln_post": "vision_model.post_layernorm",
    "ln_final": "text_model.final_layer_norm",
}
_TURNED = {"visual.proj": "visual_projection.weight", "text_projection": "text_projection.weight"}
"""Matrices that are multiplied from the other side."""

_BLOCK = re.compile(r"(visual\.)?transformer\.resblocks\.(\d+)\.(.+)")
_IN_BLOCK = {
    "ln_1": "layer_norm1", "ln_2": "layer_norm2", "attn.out_proj": "self_attn.out_proj", "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
}  # fmt: skip


def is_open_clip(folder: Path) -> bool:
    """Whether `folder` holds a model as open_clip writes it."""
    return (folder / CONFIG).is_file() and (folder / WEIGHTS).is_file()


def clip_config(folder: Path) -> dict[str, Any]:
    """What transformers would write into ``config.json`` for the same architecture.

    Raises
    ------
    HeadstartError : the file is broken, or the model is no CLIP of two plain transformers; names the setting.
    """
    model = read_json(folder / CONFIG, {}).get("model_cfg") or {}
    picture, text = dict(model.get("vision_cfg") or {}), dict(model.get("text_cfg") or {})
    for name, tower in (("vision_cfg", picture), ("text_cfg", text)):
        odd = [key for key, value in tower.items() if key not in _PLAIN[name] and value not in (None, False)]
        if odd or not isinstance(tower.get("layers", 12), int):
            raise HeadstartError(
                f"{folder / CONFIG}: {name} asks for {', '.join(odd) or 'a ResNet'}, which is not read here: only "
                "towers that are plain vision transformers and CLIP's own text transformer are."
            )
    act = "quick_gelu" if model.get("quick_gelu") else "gelu"
    width, words = int(picture.get("width", 768)), int(text.get("width", 512))
    shared = {"hidden_act": act, "projection_dim": int(model.get("embed_dim", 512))}
    return {
        "model_type": "clip",
        "projection_dim": shared["projection_dim"],
        "vision_config": {
            **shared, "hidden_size": width, "intermediate_size": int(width * picture.get("mlp_ratio", 4.0)),
            "num_hidden_layers": picture.get("layers", 12),
            "num_attention_heads": width // picture.get("head_width", 64),
            "patch_size": picture.get("patch_size", 16), "image_size": picture.get("image_size", 224),
        },
        # Its vector is that of the token with the highest number, the end of the text: transformers knows that by 2.
        "text_config": {
            **shared, "hidden_size": words, "intermediate_size": int(words * text.get("mlp_ratio", 4.0)),
            "num_hidden_layers": text.get("layers", 12), "num_attention_heads": text.get("heads", 8),
            "vocab_size": text.get("vocab_size", 49408), "max_position_embeddings": text.get("context_length", 77),
            "eos_token_id": 2,
        },
    }  # fmt: skip


def settings(folder: Path) -> dict[str, Any]:
    """How pictures are prepared, in the terms of ``preprocessor_config.json``, and whether wholes are squashed."""
    given = read_json(folder / CONFIG, {}).get("preprocess_cfg") or {}
    filters = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3}
    return {
        "image_mean": given.get("mean"),
        "image_std": given.get("std"),
        "resample": filters.get(str(given.get("interpolation", "bicubic")), 3),
        "squash": given.get("resize_mode") == "squash",
    }


def renamed(given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights by transformers' names; of a text tower of its own (``text.``) too. Unknown ones are left out."""
    return {name: tensor for key, given in given.items() for name, tensor in _each(key.removeprefix("text."), given)}


def _each(name: str, tensor: Tensor) -> Iterator[tuple[str, Tensor]]:
    stem, _, kind = name.rpartition(".")
    if name in _NAMES:
        yield _NAMES[name], tensor
    elif name in _TURNED:
        yield _TURNED[name], tensor.T.contiguous()
    elif stem in _NORMS:
        yield f"{_NORMS[stem]}.{kind}", tensor
    elif block := _BLOCK.fullmatch(name):
        picture, number, inside = block.groups()
        yield from _of_block(f"{'vision' if picture else 'text'}_model.encoder.layers.{number}", inside, tensor)


def _of_block(layer: str, inside: str, tensor: Tensor) -> Iterator[tuple[str, Tensor]]:
    """One weight of a layer, or three: queries, keys and values lie in one matrix, one below the other."""
    stem, _, kind = inside.rpartition(".")
    if inside in ("attn.in_proj_weight", "attn.in_proj_bias"):
        for part, own in zip("qkv", tensor.chunk(3), strict=True):
            yield f"{layer}.self_attn.{part}_proj.{inside.rpartition('_')[2]}", own.contiguous()
    elif stem in _IN_BLOCK:
        yield f"{layer}.{_IN_BLOCK[stem]}.{kind}", tensor
