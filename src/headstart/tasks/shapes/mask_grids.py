"""Masks of single objects as grids over their boxes, in tensors: packed, moved with views, read at other boxes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from headstart.core.boxes import Box, Boxes
from headstart.core.outlines import covered
from headstart.core.placement import WHOLE, Placement

TRUE_CELLS, FOUND_CELLS = 56, 28
"""Cells along each side of a marked object's grid and of a found one's (Mask R-CNN, He et al. 2017)."""

BYTES = 3
"""Values from 0 to 255 in one number: single precision holds whole numbers of 24 bits exactly."""


def packed(values: Tensor) -> Tensor:
    """Whole numbers from 0 to 255, (…, n) → (…, ⌈n / 3⌉) floats."""
    short = -values.shape[-1] % BYTES
    rows = nn.functional.pad(values.float(), (0, short)).unflatten(-1, (-1, BYTES))
    return rows @ rows.new_tensor([1.0, 2.0**8, 2.0**16])


def unpacked(numbers: Tensor, cells: int) -> Tensor:
    """(…, ⌈n / 3⌉) of :func:`packed` → (…, cells, cells) from 0 to 1."""
    whole = numbers.round().long()[..., None] >> torch.tensor([0, 8, 16], device=numbers.device)
    values = (whole & 255).flatten(-2)[..., : cells * cells]
    return values.unflatten(-1, (cells, cells)).float() / 255


def width_of(cells: int) -> int:
    """Numbers that hold a grid."""
    return -(-cells * cells // BYTES)


def encode(targets: Sequence[Boxes], slots: int) -> Tensor:
    """(N, M, 1046) packed grids of the outlines; nought of what is not asked for and of empty slots."""
    found = torch.zeros(len(targets), slots, width_of(TRUE_CELLS))
    for row, target in enumerate(targets):
        for slot, box in enumerate(target):
            found[row, slot] = packed(_grid(box))
    return found


def _grid(box: Box) -> Tensor:
    if box.outline is None:  # of a crowd, or what is too hard: all of its box
        return torch.full((TRUE_CELLS**2,), 255)
    return torch.from_numpy(covered(box, TRUE_CELLS).copy()).flatten()


def placed(masks: Tensor, edges: Tensor, placements: Sequence[Placement]) -> Tensor:
    """Packed grids (N, M, …) of boxes (N, M, 4) as views show them: what is cut off the box is cut off its grid."""
    if all(placement == WHOLE for placement in placements):
        return masks
    view = edges.new_tensor([placement.edges for placement in placements])[:, None]
    start, side = edges[..., :2].repeat(1, 1, 2), (edges[..., 2:] - edges[..., :2]).clamp(min=1e-9).repeat(1, 1, 2)
    shown = torch.cat([torch.maximum(edges[..., :2], view[..., :2]), torch.minimum(edges[..., 2:], view[..., 2:])], 2)
    part = ((shown - start) / side).clamp(0, 1)
    mirrored = torch.tensor([placement.mirrored for placement in placements])[:, None]
    swapped = torch.where(mirrored[..., None], part[..., [2, 1, 0, 3]], part)
    whole = part.new_tensor([0.0, 0.0, 1.0, 1.0]).expand(masks.shape[0] * masks.shape[1], -1)
    grids = at(unpacked(masks, TRUE_CELLS).flatten(0, 1), whole, swapped.flatten(0, 1), TRUE_CELLS)
    return packed((255 * grids).round().flatten(1)).unflatten(0, masks.shape[:2])


def at(grids: Tensor, edges: Tensor, others: Tensor, cells: int) -> Tensor:
    """Grids (k, s, s) over boxes `edges` (k, 4), read at `cells` by as many places of `others` (k, 4); outside 0.

    A box of `others` whose right edge lies left of its left one is read mirrored.
    """
    return _read(grids, edges, others, (cells, cells))


def over_picture(grids: Tensor, edges: Tensor, size: tuple[int, int]) -> Tensor:
    """Grids (k, s, s) over boxes `edges` (k, 4), read at the (width, height) places of a map of the picture."""
    return _read(grids, edges, edges.new_tensor([0.0, 0.0, 1.0, 1.0]).expand(len(edges), -1), size)


def _read(grids: Tensor, edges: Tensor, others: Tensor, size: tuple[int, int]) -> Tensor:
    """(k, height, width) what the grids hold in the middle of each cell of `others`; a grid may have any sides."""
    x, y = (
        (others[:, axis, None] + _middles(count, edges) * (others[:, axis + 2] - others[:, axis])[:, None])
        for axis, count in enumerate(size)
    )
    side = (edges[:, 2:] - edges[:, :2]).clamp(min=1e-9)
    across, along = (
        2 * (places - edges[:, axis, None]) / side[:, axis, None] - 1 for axis, places in enumerate((x, y))
    )
    places = torch.stack([across[:, None].expand(-1, size[1], -1), along[:, :, None].expand(-1, -1, size[0])], dim=3)
    return nn.functional.grid_sample(grids[:, None], places, align_corners=False)[:, 0]


def _middles(count: int, like: Tensor) -> Tensor:
    """(1, count) the middles of as many cells, as shares of them all."""
    return ((torch.arange(count, device=like.device) + 0.5) / count)[None].to(like)
