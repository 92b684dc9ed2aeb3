"""What the image sources share when they make a backbone from a network with its classifier off."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from headstart.backbones.base import Card
from headstart.backbones.folders.folder import WEIGHTS
from headstart.backbones.folders.weights import load_strictly, read_weights
from headstart.backbones.images.backbone import ImageBackbone
from headstart.backbones.images.cut_network import truncate
from headstart.backbones.images.preprocess import ImagePreprocess
from headstart.backbones.images.stage_maps import StagedBackbone, gives_stages
from headstart.backbones.images.token_maps import TransformerBackbone, gives_tokens
from headstart.core.errors import UsageError


def input_shape(preprocess: ImagePreprocess) -> tuple[int, ...]:
    """(1, C, H, W), an input to try a network with."""
    return 1, preprocess.channels, preprocess.size, preprocess.size


def cut_after(network: nn.Module, last_stage: str | None, preprocess: ImagePreprocess) -> None:
    """Drop what follows `last_stage`, when one is given, for folders that hold the first stages only."""
    if last_stage:
        truncate(network, last_stage, input_shape(preprocess))


def backbone_type(network: nn.Module) -> type[ImageBackbone]:
    """What a backbone of `network` is, by the verbs that it speaks."""
    if gives_tokens(network):
        return TransformerBackbone
    return StagedBackbone if gives_stages(network) else ImageBackbone


def load_image_weights(network: nn.Module, folder: Path, classifier: tuple[str, ...], pretrained: bool) -> None:
    """Put the weights of `folder` into `network`; without `pretrained` only the architecture is wanted."""
    if pretrained:
        load_strictly(network, read_weights(folder / WEIGHTS), classifier, str(folder))


def described_card(description: Mapping[str, Any]) -> Card:
    """The card in a description."""
    return Card(**description["card"])


def framed_as_described(made: ImageBackbone, description: Mapping[str, Any]) -> ImageBackbone:
    """`made`, framed where the description is of a backbone that was made for one frame."""
    return made.framed(tuple(description["frame"])) if "frame" in description else made


def written_config(description: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """``config.json`` of the described architecture, made with these arguments, in the keys that folders are read by.

    Raises
    ------
    UsageError : it was made for whole pictures of one size, which no folder tells.
    """
    preprocess = description["preprocess"]
    if description.get("frame") or preprocess.get("frame"):
        raise UsageError(f"{description['name']}: was made for targets with a place; take the backbone it came from.")
    size, shown = preprocess["size"], ("mean", "std", "interpolation", "crop_pct")
    channels = len(preprocess["mean"])
    squashed = {"crop_mode": "squash"} if preprocess.get("squash") else {}
    return {
        "architecture": description["architecture"],
        "model_args": dict(arguments),
        "pretrained_cfg": {
            "input_size": [channels, size, size],
            **{key: preprocess[key] for key in shown},
            **squashed,
        },
        **({"last_stage": description["last_stage"]} if description.get("last_stage") else {}),
    }
