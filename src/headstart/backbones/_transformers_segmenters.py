"""Builds the trunks of transformers' segmenters from their configuration, and miniatures for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

import torch

from headstart.backbones import _transformers_pixels as pixels
from headstart.backbones._card import Card
from headstart.backbones._image_backbone import ImageBackbone
from headstart.backbones._image_preprocess import ImagePreprocess
from headstart.backbones._segmenter_kinds import KINDS
from headstart.backbones._segmenter_trunk import MobileNetV2Trunk, SegmenterTrunk
from headstart.backbones._transformers_networks import make_config, plain_config

_SIZE = 512
_SOURCE = "transformers_segmenters"


class _Made(NamedTuple):
    """How a family is made: its trunk, the statistics of its pixels, and what makes a configuration small."""

    trunk: type[SegmenterTrunk]
    statistics: tuple[Sequence[float], Sequence[float]]
    miniature: Mapping[str, Any]


_MADE = {
    "mobilenet_v2": _Made(
        MobileNetV2Trunk,
        pixels.HALF,
        {"depth_multiplier": 0.25, "output_stride": 16, "finegrained_output": True, "image_size": 64},
    ),
}


def preprocess_of(settings: Mapping[str, Any], plain: Mapping[str, Any]) -> ImagePreprocess:
    """Pixels as ``preprocessor_config.json`` says, else as the family of the configuration `plain` had them."""
    size = plain.get("image_size") or _SIZE
    return pixels.preprocess_of(settings, int(size), _MADE[str(plain["model_type"])].statistics, resample=2)


def backbone(plain: Mapping[str, Any], preprocess: ImagePreprocess, card: Card) -> ImageBackbone:
    """The trunk with random weights.

    Raises
    ------
    HeadstartError : this version of transformers does not know the model type.
    """
    import transformers

    config = make_config(plain, card.name or card.path)
    kind = str(plain["model_type"])
    whole = getattr(transformers, KINDS[kind].model)._from_config(config, dtype=torch.float32)
    trunk = _MADE[kind].trunk(whole)
    description = {"source": _SOURCE, "config": plain_config(config)}
    return ImageBackbone(trunk, card, preprocess, description, leaves=trunk.closed_types())


def left_out(made: ImageBackbone) -> tuple[str, ...]:
    """Paths in a file of weights that are no part of the trunk."""
    return cast(SegmenterTrunk, made.network).left_out


def tiny(kind: str, name: str) -> ImageBackbone:
    """A miniature with random weights, on pictures of 64 pixels."""
    plain = {"model_type": kind, **_MADE[kind].miniature}
    card = Card(name, "image", pretraining="none: a miniature")
    return backbone(plain, preprocess_of({}, {**plain, "image_size": 64}), card)
