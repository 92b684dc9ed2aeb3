"""Miniature detectors of every family, as the folders that hold them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import nn

from headstart.backbones.detectors.torchvision import build
from kept_folders import kept


def saved(name: str, folder: Path, columns: int = 91, **config: Any) -> nn.Module:
    """A miniature with random weights, and its folder."""

    def make(place: Path) -> nn.Module:
        model = build(name, columns, {"miniature": True}).eval()
        state = {name: value.clone() for name, value in model.state_dict().items()}
        save_file(state, place / "model.safetensors")
        return model

    model: nn.Module = kept(folder, ("detector of torchvision", name, columns), make)
    about = {"library": "torchvision", "architecture": name, "num_classes": columns, "license": "bsd-3-clause"}
    (folder / "config.json").write_text(json.dumps({**about, "model_args": {"miniature": True}, **config}))
    return model
