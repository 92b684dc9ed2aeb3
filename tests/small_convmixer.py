"""A small ConvMixer among timm's architectures: of its own ones the depth and the width are fixed."""

from __future__ import annotations

from typing import Any

import torch
from timm.models import register_model
from timm.models.convmixer import ConvMixer
from torch import nn


@register_model
def convmixer_small_p14(pretrained: bool = False, **arguments: Any) -> ConvMixer:
    """Three blocks on patches of 14 pixels, with random weights and the statistics that noise has under them."""
    own = {name: arguments[name] for name in ("num_classes", "in_chans") if name in arguments}
    network = ConvMixer(dim=48, depth=3, kernel_size=3, patch_size=14, **own)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # the mean of all batches: here of one
    with torch.no_grad():
        network(torch.randn(8, own.get("in_chans", 3), 56, 56))
    return network
