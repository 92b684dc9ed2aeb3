"""Takes the classifier, or everything after a named stage, off an image network in place."""

from __future__ import annotations

import torch
from torch import nn

from headstart.backbones._use_order import Seen, watch
from headstart.core.errors import HeadstartError


def remove_classifier(network: nn.Module, shape: tuple[int, ...]) -> tuple[str, Seen]:
    """Replace the last layer with weights (the one that gives class scores) by the identity.

    Layers before it that pretraining shaped (VGG's fc6 and fc7, MobileNetV3's pre-logits) stay. `shape` is
    the input's, (N, C, H, W). Returns the layer's path, and what is seen of the network without it: what follows that
    layer, pooling say, works on its input as it did on its output.
    """
    order, scores = watch(network, lambda: network(torch.zeros(shape)))
    layers = [
        (order.first[f"{path}.weight"], path)
        for path, module in network.named_modules()
        if isinstance(module, nn.Linear | nn.Conv2d) and f"{path}.weight" in order.first
    ]
    path = max(layers)[1]
    width = _inputs(network.get_submodule(path))
    network.set_submodule(path, nn.Identity())
    return path, Seen(order, (scores.shape[0], width, *scores.shape[2:]))


def _inputs(layer: nn.Module) -> int:
    """How many numbers, or channels, a layer takes."""
    return int(layer.in_features if isinstance(layer, nn.Linear) else layer.in_channels)  # type: ignore[arg-type]


def truncate(network: nn.Module, last_stage: str, shape: tuple[int, ...]) -> None:
    """Replace every module with weights that runs after `last_stage` by the identity; pooling stays.

    Raises
    ------
    HeadstartError : there is no such module.
    """
    modules = dict(network.named_modules())
    if last_stage not in modules or not last_stage:
        raise HeadstartError(
            f"The architecture has no stage {last_stage!r} (last_stage in config.json); "
            f"its top level holds {', '.join(name for name, _ in network.named_children())}."
        )
    order, _ = watch(network, lambda: network(torch.zeros(shape)))
    end = max(time for name, time in order.last.items() if name.startswith(last_stage + "."))
    parts = last_stage.split(".")
    for depth in range(len(parts)):
        parent = ".".join(parts[:depth])
        for name, child in list(network.get_submodule(parent).named_children()):
            path = f"{parent}.{name}" if parent else name
            uses = [order.first.get(f"{path}.{tensor}", 0) for tensor, _ in child.named_parameters()]
            if name != parts[depth] and uses and min(uses) > end:
                network.set_submodule(path, nn.Identity())
