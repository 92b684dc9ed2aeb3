"""The picture tower of CLIP's kin as a plain vision transformer, for tasks with places: words are not read there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from headstart.backbones.base import Card
from headstart.backbones.images.preprocess import ImagePreprocess
from headstart.backbones.images.token_maps import TransformerBackbone
from headstart.backbones.images.transformer_verbs import FirstToken, PlainTransformer, Start

LEARNING_RATE = 1e-5
"""AdamW's peak rate at which picture towers are fine-tuned."""


class PictureTokens(TransformerBackbone):
    """A picture tower whose patch tokens are its map."""

    learning_rate = LEARNING_RATE


def with_tokens(
    vision: Any, projection: nn.Module, card: Card, preprocess: ImagePreprocess, description: Mapping[str, Any]
) -> PictureTokens:
    """The tower `vision` of transformers, and what brings its vectors to words, on the same weights.

    All tokens pass the last norm, which of CLIP's is asked of the first alone otherwise: as timm has it.
    """
    pool = getattr(vision, "head", None) or FirstToken()
    layers, norm = vision.encoder.layers, vision.post_layernorm
    network = PlainTransformer(_start(vision), layers, norm, nn.Sequential(pool, projection))
    return PictureTokens(network, card, preprocess, description, leaves=network.closed_types())


def _start(vision: Any) -> Start:
    embeddings = vision.embeddings
    tokens = embeddings.class_embedding.detach()[None, None] if hasattr(embeddings, "class_embedding") else None
    positions = nn.Parameter(embeddings.position_embedding.weight.detach()[None])
    side = int(embeddings.image_size) // int(embeddings.patch_size)
    after = getattr(vision, "pre_layrnorm", None) or nn.Identity()
    return Start(embeddings.patch_embedding, tokens, positions, (side, side), after)
