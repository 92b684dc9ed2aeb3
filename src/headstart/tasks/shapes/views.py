"""Boxes and masks as a view of their picture shows them, by torchvision's transforms (v2)."""

from __future__ import annotations

from torch import Tensor
from torchvision.transforms.v2 import functional
from torchvision.tv_tensors import BoundingBoxes, Mask

from headstart.core.placement import Placement


def boxes_seen(edges: Tensor, placement: Placement) -> Tensor:
    """Edges (M, 4) as shares of a picture → as shares of its view, not cut: below 0 and above 1 lies outside."""
    return _seen(BoundingBoxes(edges, format="XYXY", canvas_size=(1, 1), clamping_mode=None), placement)


def mask_seen(mask: Tensor, placement: Placement) -> Tensor:
    """A mask (H, W) → (H, W): what lies nearest to the middle of each place of the view."""
    return _seen(Mask(mask), placement)


def _seen(target: BoundingBoxes | Mask, placement: Placement) -> Tensor:
    """The view is drawn as large as its picture: scaled about the middle, and moved so that its own comes there."""
    height, width = functional.get_size(target)
    across, down = (0.5 - start - placement.side / 2 for start in (placement.left, placement.top))
    moved = [across * width / placement.side, down * height / placement.side]
    shown = functional.affine(target, angle=0.0, translate=moved, scale=1 / placement.side, shear=[0.0, 0.0])
    return (functional.horizontal_flip(shown) if placement.mirrored else shown).as_subclass(Tensor)
