"""Networks of ultralytics' YOLO with random weights, and the folders that hold them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from segmenter_folders import rescale

NAMES = ["person", "bicycle", "traffic light"]


def yolo_config(folder: Path, architecture: str = "yolo11n", **further: Any) -> Path:
    """A folder with ``config.json`` and the weights of nothing; needs no package."""
    folder.mkdir(parents=True)
    about = {"library": "ultralytics", "architecture": architecture, "labels": NAMES, **further}
    (folder / "config.json").write_text(json.dumps(about), encoding="utf-8")
    save_file({"model.0.conv.weight": torch.zeros(2, 3, 3, 3)}, folder / "model.safetensors")
    return folder


def yolo_folder(folder: Path, architecture: str, names: Sequence[str] = NAMES) -> Any:
    """A ``DetectionModel`` whose answers differ from place to place, and its folder."""
    from headstart.backbones.detectors.yolo_networks import build

    torch.manual_seed(0)
    model = build(architecture, len(names))
    livened(model)
    yolo_config(folder, architecture, labels=list(names))
    save_file({name: value.clone() for name, value in model.state_dict().items()}, folder / "model.safetensors")
    return model


@torch.no_grad()
def livened(model: Any) -> None:
    """Give it weights that keep the scale of what passes, and statistics of normalisation that are not the first."""
    head = model.model[-1]
    sums = [value.clone() for value in head.dfl.parameters()]
    rescale(model)
    for mine, value in zip(head.dfl.parameters(), sums, strict=True):  # what adds bins up is no weight
        nn.init.zeros_(mine).add_(value)
    for name, value in model.named_buffers():
        if name.endswith("running_mean"):
            nn.init.normal_(value, std=0.1)
        elif name.endswith("running_var"):
            nn.init.uniform_(value, 0.5, 1.5)
    for suffix in ("", "one2one_"):
        for kinds, edges in zip(*(getattr(head, f"{suffix}cv{number}", ()) for number in (3, 2)), strict=True):
            nn.init.normal_(kinds[-1].bias, std=0.5)
            if head.reg_max > 1:  # boxes of a few strides
                edges[-1].bias.view(4, -1).copy_(-torch.arange(head.reg_max))
