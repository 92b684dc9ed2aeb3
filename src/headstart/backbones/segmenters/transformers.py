"""Builds the trunks of transformers' segmenters from their configuration, and miniatures for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

from headstart.backbones._card import Card
from headstart.backbones.folders.segmenter_kinds import KINDS
from headstart.backbones.folders.transformers_networks import (
    load_whole,
    make_config,
    plain_config,
    quietly,
    told,
)
from headstart.backbones.images import transformers_pixels as pixels
from headstart.backbones.images.backbone import ImageBackbone
from headstart.backbones.images.preprocess import ImagePreprocess
from headstart.backbones.segmenters.mask_queries import holds_queries, queries_of
from headstart.backbones.segmenters.mask_transformer_trunks import Mask2FormerTrunk, MaskFormerTrunk
from headstart.backbones.segmenters.transformers_trunks import (
    MobileNetV2Trunk,
    OnBackboneTrunk,
    SegformerTrunk,
    UperNetTrunk,
)
from headstart.backbones.segmenters.trunk import SegmenterTrunk
from headstart.core.errors import HeadstartError

_SIZE = 512
_SOURCE = "transformers_segmenters"

_BACKBONE = {
    "model_type": "convnext",
    "hidden_sizes": [16, 16, 24, 32],
    "depths": [1, 1, 1, 1],
    "out_features": ["stage1", "stage2", "stage3", "stage4"],
}

_WINDOWS = {
    "model_type": "swin",
    "image_size": 64,
    "embed_dim": 16,
    "depths": [1, 1, 1, 1],
    "num_heads": [1, 2, 2, 4],
    "window_size": 4,
    "out_features": ["stage1", "stage2", "stage3", "stage4"],
}
_RESIDUAL = {
    "model_type": "resnet",
    "embedding_size": 16,
    "hidden_sizes": [16, 16, 24, 32],
    "depths": [1, 1, 1, 1],
    "layer_type": "basic",
    "out_features": ["stage1", "stage2", "stage3", "stage4"],
}
_ATTENTION = {
    "encoder_feedforward_dim": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "dim_feedforward": 32,
    "num_attention_heads": 2,
    "num_queries": 4,
}
_QUERIES = {
    "model_type": "detr",
    "d_model": 32,
    "decoder_layers": 1,
    "decoder_ffn_dim": 32,
    "decoder_attention_heads": 2,
    "encoder_attention_heads": 2,
    "num_queries": 4,
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
    "maskformer": _Made(
        MaskFormerTrunk,
        pixels.IMAGENET,
        {"fpn_feature_size": 32, "mask_feature_size": 32, "backbone_config": _RESIDUAL, "decoder_config": _QUERIES},
    ),
    "mask2former": _Made(
        Mask2FormerTrunk,
        pixels.IMAGENET,
        {"feature_size": 32, "mask_feature_size": 160, "hidden_dim": 32, "backbone_config": _WINDOWS, **_ATTENTION},
    ),
    "upernet": _Made(
        UperNetTrunk,
        pixels.IMAGENET,
        {"hidden_size": 24, "auxiliary_channels": 8, "backbone_config": _BACKBONE},
    ),
}
"""By ``model_type``, as in :mod:`headstart.backbones.folders.segmenter_kinds`."""


def preprocess_of(settings: Mapping[str, Any], plain: Mapping[str, Any], where: str) -> ImagePreprocess:
    """Pixels as ``preprocessor_config.json`` says, else as the family of the configuration `plain` had them.

    Raises
    ------
    HeadstartError : it says nothing that makes sense.
    """
    size = plain.get("image_size") or _SIZE
    with told(f"{where}: nothing can be made of preprocessor_config.json"):
        return pixels.preprocess_of(settings, int(size), _MADE[str(plain["model_type"])].statistics, resample=2)


def backbone(
    plain: Mapping[str, Any],
    preprocess: ImagePreprocess,
    card: Card,
    weights: Path | None = None,
    staged: bool = True,
) -> ImageBackbone:
    """The trunk with the weights in the folder `weights`, or random ones, which knows the queries on it.

    Parameters
    ----------
    staged : whether a network under a decoder is divided into stages. In models made before it could be it is not:
        what they keep of a depth goes by the name of the stage.

    Raises
    ------
    HeadstartError : this version of transformers does not know the model type, or the weights do not fit it.
    """
    where, trunk = str(weights or card.path or card.name), _MADE[str(plain["model_type"])].trunk
    divided: dict[str, bool] = {}
    if issubclass(trunk, OnBackboneTrunk):
        _check_backbone(plain, where)
        divided["staged"] = staged
    with told(f"{where}: no network can be built from config.json"), quietly():
        config = make_config(plain, where)
        written = plain_config(config)  # MaskFormer rewrites its own
        whole = _whole(config, weights, trunk)
        network = trunk(whole, **divided)
        description = {"source": _SOURCE, "config": written, **divided}
        made = ImageBackbone(network, card, preprocess, description, leaves=network.closed_types())
        if weights is not None and holds_queries(weights):
            made.detector = queries_of(whole, network, written)
        return made


def _whole(config: Any, weights: Path | None, trunk: type[SegmenterTrunk]) -> Any:
    """The model of transformers around `trunk`."""
    import transformers

    model = getattr(transformers, KINDS[config.model_type].model)
    if weights is None:
        return model._from_config(config, dtype=torch.float32)
    return load_whole(weights, config, model, trunk.left_out)


def _check_backbone(plain: Mapping[str, Any], where: str) -> None:
    """Raise ``HeadstartError`` where a server would be asked what stands under the decoder."""
    under = plain.get("backbone_config") or plain.get("backbone")
    named = under.get("backbone") if isinstance(under, Mapping) else under
    if isinstance(named, str):
        raise HeadstartError(
            f"{where}: config.json names the backbone {named!r}, which would have to be fetched; one is read "
            "whose backbone_config says all of it, with a model_type of transformers such as swin or resnet."
        )


def tiny(kind: str, name: str) -> ImageBackbone:
    """A miniature with random weights, on pictures of 64 pixels."""
    plain = {"model_type": kind, **_MADE[kind].miniature}
    card = Card(name, "image", pretraining="none: a miniature")
    return backbone(plain, preprocess_of({}, {**plain, "image_size": 64}, name), card)
