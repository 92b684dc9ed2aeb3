"""Builds transformers' detectors that predict sets from their configuration, and makes backbones of their trunks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch

from headstart.backbones._card import Card
from headstart.backbones.detectors.backbone import DetectorBackbone
from headstart.backbones.detectors.detectors import LEVEL, Trunk
from headstart.backbones.detectors.set_detectors import OPEN_BACKBONES, TOKENS, body_of, head_state
from headstart.backbones.folders.set_detector_kinds import KINDS, class_names
from headstart.backbones.folders.transformers_networks import load_whole, make_config, plain_config, told
from headstart.backbones.images import transformers_pixels as pixels
from headstart.backbones.images.maps import TRIED
from headstart.backbones.images.preprocess import ImagePreprocess
from headstart.core.detector import Detector
from headstart.core.errors import HeadstartError

_SOURCE = "transformers_detectors"
_STEP = 32
"""Pixels: sides of pictures are multiples of the coarsest stride."""

_NOT_OF_THE_HEAD = ("id2label", "label2id", "backbone_config", "architectures")


class Made(NamedTuple):
    """How pictures are given to a detector: as `preprocess` says, at `frame` (width, height); None for any."""

    preprocess: ImagePreprocess
    frame: tuple[int, int] | None


def pictures_for(settings: Mapping[str, Any], kind: str, where: str) -> Made:
    """As ``preprocessor_config.json`` says, else as the family has them.

    Raises
    ------
    HeadstartError : it says nothing that makes sense, or their sides are no multiples of the coarsest stride.
    """
    with told(f"{where}: nothing can be made of preprocessor_config.json"):
        given = {**_FAMILY[kind].pixels, **settings}
        size = given["size"]
        if isinstance(size, int):
            size = {"height": size, "width": size}
        frame = (int(size["width"]), int(size["height"])) if {"width", "height"} <= set(size) else None
        side = frame[0] if frame else int(size.get("shortest_edge") or _STEP)
        made = Made(pixels.preprocess_of(given, max(1, round(side / _STEP)) * _STEP), frame)
    if frame and any(length % _STEP or length < _STEP for length in frame):
        raise HeadstartError(
            f"{where}: preprocessor_config.json brings pictures to {frame[0]} × {frame[1]} pixels; a detector of "
            f"this kind takes multiples of {_STEP}."
        )
    return made


def checked_config(plain: Mapping[str, Any], where: str) -> Any:
    """A configuration from which a network is built without asking any server, for pictures of any size.

    Raises
    ------
    HeadstartError : this version of transformers does not know it, or it stands on a backbone that is not read here.
    """
    under = plain.get("backbone_config")
    kind = under.get("model_type") if isinstance(under, dict) else under
    named = plain.get("backbone") or (kind if kind not in OPEN_BACKBONES else None)
    if named and plain["model_type"] in _ON_BACKBONES:
        raise HeadstartError(
            f"{where}: its detector stands on the backbone {named!r}; those on {' or '.join(OPEN_BACKBONES)} are "
            "read."
        )
    with told(f"{where}: config.json is none of {plain['model_type']}"):
        config = make_config(plain, where)
    if plain["model_type"] in _ON_BACKBONES:
        config.anchor_image_size = config.eval_size = None
    return config


def backbone(
    plain: Mapping[str, Any], made: Made, card: Card, weights: Path | None = None, taught: bool = True
) -> DetectorBackbone:
    """The trunk with the weights in the folder `weights`, or random ones; `taught`: whether they are worth anything.

    Raises
    ------
    HeadstartError : the weights do not fit, or the configuration cannot be built.
    """
    import transformers

    where, kind = str(weights or card.path or card.name), str(plain["model_type"])
    config, model = checked_config(plain, where), getattr(transformers, KINDS[kind])
    with told(f"{where}: no network can be built from config.json"):
        whole = load_whole(weights, config, model) if weights else model._from_config(config, dtype=torch.float32)
        body = body_of(whole.eval())
        trunk = Trunk(body, {}, list(body.keys), (TOKENS,) if TOKENS in body.keys else ())
        maps = trunk.maps([LEVEL], made.frame or (TRIED[1], TRIED[0]))
    written = plain_config(config)
    settings = {name: value for name, value in written.items() if name not in _NOT_OF_THE_HEAD}
    state, first = head_state(whole)
    columns = ("",) * first + tuple(class_names(written))
    detector = Detector(kind, maps, settings, columns, first, made.frame, state if taught else None)
    description = {"source": _SOURCE, "config": written, "sides": list(made.frame) if made.frame else None}
    return DetectorBackbone(trunk, card, made.preprocess, description, detector, leaves=body.closed)


class _Family(NamedTuple):
    """What ``preprocessor_config.json`` means where it is silent, and what makes a configuration small."""

    pixels: Mapping[str, Any]
    miniature: Mapping[str, Any]


_STATISTICS = dict(zip(("image_mean", "image_std"), pixels.IMAGENET, strict=True))
_UNSCALED = {**_STATISTICS, "do_normalize": False, "size": {"height": 640, "width": 640}, "resample": 2}
_SHORTEST = {**_STATISTICS, "size": {"shortest_edge": 800, "longest_edge": 1333}, "resample": 2}

_HYBRID = {
    "encoder_hidden_dim": 16,
    "encoder_in_channels": [16, 24, 32],
    "encoder_ffn_dim": 16,
    "encoder_attention_heads": 2,
    "d_model": 16,
    "num_queries": 12,
    "decoder_in_channels": [16, 16, 16],
    "decoder_ffn_dim": 16,
    "decoder_layers": 2,
    "decoder_attention_heads": 2,
}
_RESNET = {
    "model_type": "rt_detr_resnet",
    "embedding_size": 8,
    "hidden_sizes": [8, 16, 24, 32],
    "depths": [1, 1, 1, 1],
    "layer_type": "basic",
    "out_features": ["stage2", "stage3", "stage4"],
}
_HGNET = {
    "model_type": "hgnet_v2",
    "stem_channels": [3, 8, 8],
    "stage_in_channels": [8, 8, 16, 24],
    "stage_mid_channels": [8, 8, 8, 8],
    "stage_out_channels": [8, 16, 24, 32],
    "hidden_sizes": [8, 16, 24, 32],
    "stage_num_blocks": [1, 1, 1, 1],
    "stage_numb_of_layers": [1, 1, 1, 1],
    "depths": [1, 1, 1, 1],
    "out_features": ["stage2", "stage3", "stage4"],
}
_PLAIN = {
    "hidden_size": 16,
    "num_hidden_layers": 5,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "image_size": [64, 96],
    "num_detection_tokens": 10,
}

_FAMILY = {
    "yolos": _Family(_SHORTEST, _PLAIN),
    "rt_detr": _Family(_UNSCALED, {**_HYBRID, "backbone_config": _RESNET}),
    "rt_detr_v2": _Family(_UNSCALED, {**_HYBRID, "backbone_config": _RESNET}),
    "d_fine": _Family(_UNSCALED, {**_HYBRID, "backbone_config": _HGNET}),
}
"""By ``model_type``, as in :mod:`headstart.backbones.folders.set_detector_kinds`."""

_ON_BACKBONES = ("rt_detr", "rt_detr_v2", "d_fine")


def miniature(kind: str, **further: Any) -> dict[str, Any]:
    """``config.json`` of a small network of the family."""
    return {"model_type": kind, **_FAMILY[kind].miniature, **further}


def tiny(kind: str, name: str) -> DetectorBackbone:
    """A miniature with random weights, on pictures of 64 pixels."""
    card = Card(name, "image", pretraining="none: a miniature", boxes=True)
    made = pictures_for({"size": {"shortest_edge": 64}}, kind, name)
    return backbone(miniature(kind), made, card)
