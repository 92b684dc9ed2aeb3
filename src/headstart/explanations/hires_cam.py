"""HiResCAM: where in the picture the maps that the head reads speak for a box."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from headstart.core.results import Figure
from headstart.explanations._stages import watched_stages
from headstart.explanations.base import Asked, BoxAim, Check, Explained, MapExplanation

FEW = 16
"""Places of a map below which it says next to nothing of where: a large box may be found at the one place of the
coarsest."""


class HiresCam(MapExplanation):
    """Draelos & Carin 2020, "Use HiResCAM instead of Grad-CAM for faithful explanations" (arXiv:2011.08891).

    map = ReLU(Σ_k ∂y/∂A_k ⊙ A_k). Grad-CAM averages the slope over all places, which suits an answer for the whole
    picture; y here, the log-odds of a class at the one place that found the box, depends on the places around it
    alone. A are the maps of the backbone that the head reads; those of several strides are brought to the size of the
    picture and added, each times its number of places, so that a place counts by what it adds to y. Vectors about the
    whole picture, which some heads read beside them, say nothing of places and are left as they are.

    Where y depends on maps of a few places alone, A is the last activation before them that has more.
    """

    about = BoxAim

    def unsuited(self, asked: Asked) -> str | None:
        return None if asked.parts else "it marks places in pictures, and this input has none"

    def map(self, asked: Asked) -> Tensor:
        """(H, W) ≥ 0."""
        if asked.parts is None:
            raise ValueError("an example without parts has no places to mark")
        size = asked.example[asked.parts.entry].shape[1:]
        with torch.no_grad():
            maps = asked.network.backbone.maps(asked.batch, asked.network.maps)
        names = asked.network.maps_with_places
        with torch.enable_grad():
            read = {name: given.detach().requires_grad_(name in names) for name, given in maps.items()}
            evidence = asked.aim.evidence(asked.network.head(read)).sum()
            slopes = torch.autograd.grad(evidence, [read[name] for name in names], allow_unused=True)
        given: list[tuple[Tensor, Tensor | None]]
        given = [(read[name].detach(), slope) for name, slope in zip(names, slopes, strict=True)]
        if all(slope is None or map_[0, 0].numel() < FEW or not slope.any() for map_, slope in given):
            given = _further_back(asked) or given
        return torch.stack([_added(*each, size) for each in given]).sum(0).relu()

    def checks(self, asked: Asked, explained: Explained, seed: int = 0, curves: bool = True) -> list[Check]:
        """Those of every map, and how much of it lies in the box."""
        return [*super().checks(asked, explained, seed, curves), *_inside(asked, explained)]


def _further_back(asked: Asked) -> list[tuple[Tensor, Tensor | None]]:
    """The last activation (1, K, h, w) of a stage that the evidence depends on and that has more than a few places,
    with the slope there; none where no stage has such."""
    batch = asked.batch
    entry = asked.parts.entry if asked.parts else ""
    batch[entry] = batch[entry].clone().requires_grad_()
    with torch.enable_grad(), watched_stages(asked.network.backbone) as kept:
        maps = asked.network.backbone.maps(batch, asked.network.maps)
        evidence = asked.aim.evidence(asked.network.head(maps)).sum()
    for activation in reversed(kept):
        if activation.dim() == 4 and activation[0, 0].numel() >= FEW and _lies_as(activation, batch[entry]):
            (slope,) = torch.autograd.grad(evidence, activation, allow_unused=True, retain_graph=True)
            if slope is not None and bool(slope.any()):
                return [(activation.detach(), slope)]
    return []


def _lies_as(activation: Tensor, pixels: Tensor) -> bool:
    """Whether the last two sides are those of the picture at some stride: channels may come last."""
    height, width = pixels.shape[2:]
    rows, columns = activation.shape[2:]
    return abs(rows * width - columns * height) <= max(height, width)


def _added(activation: Tensor, slope: Tensor | None, size: torch.Size) -> Tensor:
    """(H, W): what each place of a map (1, K, h, w) adds, spread over its pixels."""
    if slope is None:
        return activation.new_zeros(size)
    weighed = (activation * slope).sum(1, keepdim=True) * activation[0, 0].numel()
    return functional.interpolate(weighed, size=tuple(size), mode="bilinear", align_corners=False)[0, 0]


def _inside(asked: Asked, explained: Explained) -> list[Check]:
    """How much of the map lies in the box; it judges nothing, for what surrounds a thing may rightly speak for it."""
    if explained.map is None or not isinstance(asked.aim, BoxAim) or not bool(explained.map.sum() > 0):
        return []
    within = asked.aim.inside(*explained.map.shape)
    share = float(explained.map[within].sum() / explained.map.sum())
    covers = float(within.float().mean())
    summary = (
        f"{100 * share:.0f} % of what it marks lies in the box, which is {100 * covers:.0f} % of the picture; the "
        "rest is what surrounds it."
    )
    return [Check("inside", Figure(share, share, share), None, summary)]
