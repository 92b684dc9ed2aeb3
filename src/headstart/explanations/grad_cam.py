"""Grad-CAM: where in the picture the last spatial activations speak for the target."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from headstart.backbones.base import Batch
from headstart.explanations._stages import watched_stages
from headstart.explanations.base import Asked, MapExplanation
from headstart.model.network import Network


class GradCam(MapExplanation):
    """Selvaraju et al. 2017, "Grad-CAM: visual explanations from deep networks" (arXiv:1610.02391).

    α_k = mean over places of ∂y/∂A_k, map = ReLU(Σ_k α_k A_k), brought to the size of the picture. y is the log-odds
    of the target, and A the last activation with places that y depends on: after a stage of a convolutional network,
    (1, K, H, W) or (1, H, W, K), or of a transformer, (1, L, K), whose tokens are laid out as the grid they came from
    without class and register tokens, which stand first. After the last block of a transformer that reads its class
    token alone, y does not depend on the other tokens; so A is what the block before gave.

    A head that reads several depths has one such A for each, and their maps are added before the ReLU, each times its
    number of places: so a place counts by what it adds to y, whether its map is coarse or fine.
    """

    def unsuited(self, asked: Asked) -> str | None:
        if asked.parts is None or asked.example[asked.parts.entry].dim() != 3:
            return "it marks places in pictures"
        return None

    def map(self, asked: Asked) -> Tensor:
        """(H, W) ≥ 0; all 0 where nothing speaks for the target, or no layer keeps the places of the picture."""
        if asked.parts is None:
            raise ValueError("an example without parts has no places to mark")
        batch = asked.batch
        pixels = batch[asked.parts.entry].clone().requires_grad_()
        batch[asked.parts.entry] = pixels
        with torch.enable_grad():
            activations, read = _watched(asked.network, batch)
            joined = torch.cat(read, dim=1)
            evidence = asked.aim.evidence(asked.network.head(joined)).sum()
            (towards,) = torch.autograd.grad(evidence, joined, retain_graph=True)
            slopes = towards.split([vector.shape[1] for vector in read], dim=1)
            shares = [(vector * slope).sum() for vector, slope in zip(read, slopes, strict=True)]
            added = [_of_one_depth(share, activations, pixels.shape[2:]) for share in shares]
        return torch.stack(added).sum(0).relu()


def _of_one_depth(share: Tensor, activations: Sequence[Tensor], size: Sequence[int]) -> Tensor:
    """(H, W): Σ_k α_k A_k of the last activation that `share`, a scalar, depends on, times its number of places."""
    for activation in reversed(activations):  # one at a time: it goes no further back than the last with places
        if (places := as_grid(activation.detach())) is None:
            continue
        (slope,) = torch.autograd.grad(share, activation, allow_unused=True, retain_graph=True)
        towards = None if slope is None else as_grid(slope)
        if towards is not None and bool(towards.any()):
            weighed = (places * towards.mean((2, 3), keepdim=True)).sum(1, keepdim=True) * towards[0, 0].numel()
            return functional.interpolate(weighed, size=tuple(size), mode="bilinear", align_corners=False)[0, 0]
    return torch.zeros(tuple(size), device=share.device)


def as_grid(activation: Tensor) -> Tensor | None:
    """An activation of one picture as (1, K, H, W), or None where it has no places.

    Pictures here are square, so two equal sides tell where the places are. Of L tokens the last g² are the grid, g
    the whole part of √L.
    """
    if activation.dim() == 3:
        side = math.isqrt(activation.shape[1])
        if side < 2:
            return None
        return activation[:, -side * side :].transpose(1, 2).unflatten(2, (side, side))
    if activation.dim() != 4:
        return None
    _, a, b, c = activation.shape
    if b == c:
        return activation if b > 1 else None
    return activation.permute(0, 3, 1, 2) if a == b and a > 1 else None


def _watched(network: Network, batch: Batch) -> tuple[list[Tensor], list[Tensor]]:
    """The activations of one picture that the modules of every stage hand on, in order; and the pooled vectors
    (1, D_s) that the head reads."""
    with watched_stages(network.backbone) as kept:
        if not network.depths:
            return kept, [network.backbone.features(batch)]
        by_depth = network.backbone.depth_features(batch)
        return kept, [by_depth[name] for name in network.depths]
