"""Builds the trunks of transformers' segmenters from their configuration, and miniatures for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

from headstart.backbones import _transformers_pixels as pixels
from headstart.backbones._card import Card
from headstart.backbones._image_backbone import ImageBackbone
from headstart.backbones._image_preprocess import ImagePreprocess
from headstart.backbones._segmenter_kinds import KINDS
from headstart.backbones._segmenter_trunk import SegmenterTrunk
from headstart.backbones._transformers_networks import load_whole, make_config, plain_config
from headstart.backbones._transformers_trunks import MobileNetV2Trunk, SegformerTrunk, UperNetTrunk

_SIZE = 512
_SOURCE = "transformers_segmenters"

_BACKBONE = {
    "model_type": "convnext",
    "hidden_sizes": [16, 16, 24, 32],
    "depths": [1, 1, 1, 1],
    "out_features": ["stage1", "stage2", "stage3", "stage4"],
}


class _Made(NamedTuple):
    """How a family is made: its trunk, the statistics of its pixels, and what makes a configuration small."""

    trunk: type[SegmenterTrunk]
    statistics: tuple[Sequence[float], Sequence[float]]
    miniature: Mapping[str, Any]


_MADE = {
    "mobilenet_v2": _Made(
        MobileNetV2Trunk,
        pixels.HALF,
        {"depth_multiplier": 0.25, "output_stride": 16},
    ),
    "segformer": _Made(
        SegformerTrunk,
        pixels.IMAGENET,
        {
            "depths": [1, 1, 1, 1],
            "hidden_sizes": [16, 16, 24, 32],
            "decoder_hidden_size": 160,
            "reshape_last_stage": True,
        },
    ),
    "upernet": _Made(
        UperNetTrunk,
        pixels.IMAGENET,
        {"hidden_size": 24, "auxiliary_channels": 8, "backbone_config": _BACKBONE},
    ),
}
"""By ``model_type``, as in :mod:`headstart.backbones._segmenter_kinds`."""


def preprocess_of(settings: Mapping[str, Any], plain: Mapping[str, Any]) -> ImagePreprocess:
    """Pixels as ``preprocessor_config.json`` says, else as the family of the configuration `plain` had them."""
    size = plain.get("image_size") or _SIZE
    return pixels.preprocess_of(settings, int(size), _MADE[str(plain["model_type"])].statistics, resample=2)


def backbone(
    plain: Mapping[str, Any], preprocess: ImagePreprocess, card: Card, weights: Path | None = None
) -> ImageBackbone:
    """The trunk with the weights in the folder `weights`, or random ones.

    Raises
    ------
    HeadstartError : this version of transformers does not know the model type, or the weights do not fit it.
    """
    import transformers

    config = make_config(plain, card.name or card.path)
    kind = str(plain["model_type"])
    model, trunk = getattr(transformers, KINDS[kind].model), _MADE[kind].trunk
    if weights is None:
        whole = model._from_config(config, dtype=torch.float32)
    else:
        whole = load_whole(weights, config, model, trunk.left_out)
    network, description = trunk(whole), {"source": _SOURCE, "config": plain_config(config)}
    return ImageBackbone(network, card, preprocess, description, leaves=network.closed_types())


def tiny(kind: str, name: str) -> ImageBackbone:
    """A miniature with random weights, on pictures of 64 pixels."""
    plain = {"model_type": kind, **_MADE[kind].miniature}
    card = Card(name, "image", pretraining="none: a miniature")
    return backbone(plain, preprocess_of({}, {**plain, "image_size": 64}), card)
