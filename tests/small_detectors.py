"""Miniature detectors of every family, as the folders that hold them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from headstart.backbones.detectors.torchvision import build


def saved(name: str, folder: Path, columns: int = 91, **config: Any) -> nn.Module:
    """A miniature with random weights, and its folder."""
    torch.manual_seed(0)
    model = build(name, columns, {"miniature": True}).eval()
    folder.mkdir(parents=True)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    save_file(state, folder / "model.safetensors")
    about = {"library": "torchvision", "architecture": name, "num_classes": columns, "license": "bsd-3-clause"}
    (folder / "config.json").write_text(json.dumps({**about, "model_args": {"miniature": True}, **config}))
    return model
