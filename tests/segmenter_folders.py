"""Folders of miniature segmenters, written by the library that they belong to."""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import nn

from headstart.backbones import SOURCES
from headstart.backbones.folders.segmenter_kinds import KINDS
from kept_folders import kept


def transformers_segmenter(folder: Path, kind: str, labels: int = 5, **further: Any) -> Any:
    """A model of transformers with random weights, as its ``save_pretrained`` writes it.

    Parameters
    ----------
    further : of its configuration, in place of a miniature's.
    """
    import transformers

    from headstart.backbones.folders.transformers_networks import make_config

    plain = copy.deepcopy(_config(kind))
    names = {str(place): f"class {place}" for place in range(labels)}
    told_apart = {"id2label": names, "label2id": {name: int(place) for place, name in names.items()}}
    told = {**plain, **told_apart, **further}

    def make(place: Path) -> Any:
        model = getattr(transformers, KINDS[kind].model)(make_config(told, kind)).eval()
        rescale(model)
        model.save_pretrained(place)
        return model

    return kept(folder, ("segmenter", kind, told), make)


@cache
def _config(kind: str) -> dict[str, Any]:
    """That of a miniature; not to be changed."""
    config: dict[str, Any] = SOURCES.load("transformers_segmenters")().tiny(kind).describe()["config"]
    return config


def torchvision_segmenter(folder: Path, architecture: str, labels: int = 5, miniature: bool = False) -> nn.Module:
    """A whole segmenter of torchvision with random weights, as published or a `miniature`, in a folder."""
    from headstart.backbones.segmenters.torchvision import MINIATURE, whole

    arguments = {MINIATURE: True} if miniature else {}

    def make(place: Path) -> nn.Module:
        model = whole(architecture, {**arguments, "num_classes": labels}).eval()
        rescale(model)
        save_file(model.state_dict(), place / "model.safetensors")
        about = {"library": "torchvision", "architecture": architecture, "num_classes": labels}
        config = {**about, **({"model_args": arguments} if arguments else {})}
        (place / "config.json").write_text(json.dumps(config), encoding="utf-8")
        return model

    made: nn.Module = kept(folder, ("segmenter of torchvision", architecture, labels, miniature), make)
    return made


def rescale(model: nn.Module) -> None:
    """Give convolutions and linear layers weights that keep the scale of what passes, as training does (He et al.
    2015): with those of transformers nothing is left of a picture after a few layers."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight)
