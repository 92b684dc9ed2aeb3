"""Plain vision transformers of transformers, read so that they give maps of their patches."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from headstart.backbones._card import Card
from headstart.backbones.folders.transformers_networks import (
    load_network,
    make_config,
    make_network,
    plain_config,
    told,
)
from headstart.backbones.images import transformers_pixels as pixels
from headstart.backbones.images.preprocess import ImagePreprocess
from headstart.backbones.images.token_maps import TransformerBackbone
from headstart.backbones.images.transformer_verbs import PlainTransformer, Start

_SOURCE = "transformers_vits"

_STATISTICS = {
    "vit": pixels.HALF,
    "deit": pixels.IMAGENET,
    "dinov2": pixels.IMAGENET,
    "dinov2_with_registers": pixels.IMAGENET,
}
"""Mean and deviation of pixels, by ``model_type``, where ``preprocessor_config.json`` is silent."""

_SQUARES = ("vit", "deit")
"""Those whose pictures become squares as a whole where it does not say that; of the others the middle is taken."""

_MINIATURE = {
    "hidden_size": 24,
    "num_hidden_layers": 4,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "image_size": 64,
    "patch_size": 16,
}


def preprocess_of(settings: Mapping[str, Any], plain: Mapping[str, Any], where: str) -> ImagePreprocess:
    """Pixels as ``preprocessor_config.json`` says, else as the family of the configuration `plain` had them.

    Raises
    ------
    HeadstartError : it says nothing that makes sense.
    """
    with told(f"{where}: nothing can be made of preprocessor_config.json"):
        given = pixels.crop_of(settings) or settings.get("size") or plain.get("image_size") or 224
        side, patch = pixels.side_of(given), int(plain.get("patch_size") or 16)
        size, kind = max(1, side // patch) * patch, str(plain["model_type"])
        return pixels.preprocess_of(settings, size, _STATISTICS[kind], squares=kind in _SQUARES)


def backbone(
    plain: Mapping[str, Any], preprocess: ImagePreprocess, card: Card, weights: Path | None = None
) -> TransformerBackbone:
    """The network with the weights in the folder `weights`, or random ones.

    Raises
    ------
    HeadstartError : the configuration cannot be built, or the weights do not fit it.
    """
    where = str(weights or card.path or card.name)
    with told(f"{where}: no network can be built from config.json"):
        config = make_config(plain, where)
        network = _with_verbs(load_network(weights, config) if weights else make_network(config))
        description = {"source": _SOURCE, "config": plain_config(config)}
        return TransformerBackbone(network, card, preprocess, description, leaves=network.closed_types())


def _with_verbs(model: Any) -> PlainTransformer:
    """The plain transformer in a model of transformers."""
    layers = model.layers if hasattr(model, "layers") else model.encoder.layer
    return PlainTransformer(_start(model.embeddings), layers, model.layernorm)


def _start(embeddings: Any) -> Start:
    patches = embeddings.patch_embeddings
    first = [getattr(embeddings, name, None) for name in ("cls_token", "distillation_token", "register_tokens")]
    tokens = torch.cat([token.detach() for token in first if token is not None], dim=1)
    height, width = (
        side // patch for side, patch in zip(patches.image_size, patches.projection.kernel_size, strict=True)
    )
    smooth, positions = hasattr(embeddings, "register_tokens"), embeddings.position_embeddings
    return Start(patches.projection, tokens, positions, (height, width), embeddings.dropout, smooth)


def tiny(kind: str, name: str) -> TransformerBackbone:
    """A miniature with random weights, on pictures of 64 pixels."""
    plain = {"model_type": kind, **_MINIATURE}
    card = Card(name, "image", pretraining="none: a miniature")
    return backbone(plain, preprocess_of({}, plain, name), card)
