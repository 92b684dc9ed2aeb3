"""Folders of miniature segmenters, written by the library that they belong to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from headstart.backbones import SOURCES
from headstart.backbones._segmenter_kinds import KINDS


def transformers_segmenter(folder: Path, kind: str, labels: int = 5) -> Any:
    """A model of transformers with random weights, as its ``save_pretrained`` writes it."""
    import transformers

    from headstart.backbones._transformers_networks import make_config

    plain = SOURCES.load("transformers_segmenters")().tiny(kind).describe()["config"]
    names = {str(place): f"class {place}" for place in range(labels)}
    torch.manual_seed(0)
    config = make_config({**plain, "id2label": names, "label2id": {v: int(k) for k, v in names.items()}}, kind)
    model = getattr(transformers, KINDS[kind].model)(config).eval()
    rescale(model)
    model.save_pretrained(folder)
    return model


def rescale(model: nn.Module) -> None:
    """Give convolutions and linear layers weights that keep the scale of what passes, as training does (He et al.
    2015): with those of transformers nothing is left of a picture after a few layers."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight)
