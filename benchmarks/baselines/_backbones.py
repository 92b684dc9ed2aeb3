"""Loads the weights that every baseline starts from: local torchvision, timm and transformers folders."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn


@dataclass
class ImageBackbone:
    """``body`` maps pixels (N, 3, size, size) to features (N, width); the rest is its preprocessing."""

    body: nn.Module
    width: int
    size: int
    resize: int
    mean: list[float]
    std: list[float]


@dataclass
class TextBackbone:
    """``body`` maps a tokenised batch to features (N, width)."""

    body: nn.Module
    tokenizer: Any
    width: int
    longest: int


class MeanPooled(nn.Module):
    """A transformers encoder whose last hidden states are averaged over the tokens that are not padding."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        """Features (N, D) of token ids and mask (N, L)."""
        hidden = self.encoder(**batch).last_hidden_state
        mask = batch["attention_mask"].unsqueeze(-1).to(hidden.dtype)
        return (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)


def load_image(folder: str | Path) -> ImageBackbone:
    """The image backbone in `folder`, in evaluation mode, without its classifier."""
    folder = Path(folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    build = _torchvision_body if config.get("library") == "torchvision" else _timm_body
    body = build(config, load_file(folder / "model.safetensors")).eval()
    shown = config["pretrained_cfg"]
    size = shown["input_size"][-1]
    with torch.inference_mode():
        width = body(torch.zeros(1, 3, size, size)).shape[1]
    resize = round(size / shown.get("crop_pct", 0.875))
    return ImageBackbone(body, width, size, resize, shown["mean"], shown["std"])


def load_text(folder: str | Path) -> TextBackbone:
    """The sentence encoder in `folder`, in evaluation mode, with its tokenizer."""
    from transformers import AutoModel, AutoTokenizer, logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    encoder = AutoModel.from_pretrained(folder, local_files_only=True).float()
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    longest = min(256, encoder.config.max_position_embeddings)
    return TextBackbone(MeanPooled(encoder).eval(), tokenizer, encoder.config.hidden_size, longest)


def _torchvision_body(config: dict[str, Any], weights: dict[str, Tensor]) -> nn.Module:
    """Everything up to the classifier, or up to ``last_stage`` where the weights are partial; then pooling."""
    import torchvision

    whole = torchvision.models.get_model(config["architecture"], weights=None)
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for name, child in whole.named_children():
        if name in ("classifier", "fc", "avgpool"):
            break
        layers[name] = child
        if name == config.get("last_stage"):
            break
    body = nn.Sequential(layers)
    _load(body, weights)
    body.append(nn.AdaptiveAvgPool2d(1))
    body.append(nn.Flatten())
    return body


def _timm_body(config: dict[str, Any], weights: dict[str, Tensor]) -> nn.Module:
    import timm

    body = timm.create_model(config["architecture"], pretrained=False, num_classes=0, **config.get("model_args", {}))
    _load(body, weights)
    return body


def _load(body: nn.Module, weights: dict[str, Tensor]) -> None:
    """Copy `weights` (float16 becomes float32) into `body`; only the classifier's may be left over."""
    result = body.load_state_dict(
        {name: w.float() if w.is_floating_point() else w for name, w in weights.items()}, strict=False
    )
    missing = [name for name in result.missing_keys if not name.endswith("num_batches_tracked")]
    extra = [name for name in result.unexpected_keys if name.split(".")[0] not in ("classifier", "fc", "head")]
    if missing or extra:
        raise RuntimeError(f"the weights do not fit the architecture: missing {missing}, left over {extra}")
