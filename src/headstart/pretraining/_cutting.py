"""Cuts crops from pictures on the device: a box, mirrored or not, other colours; and mixes them with each other."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from headstart.backbones.images.preprocess import ImagePreprocess
from headstart.pretraining._draws import Draws
from headstart.pretraining._pool import Pool

LUMA = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in what a person sees as bright."""

FINER = 2
"""A crop is sampled at so many times its side and averaged: what is shrunk is not to flicker."""


def cut(pool: Pool, draws: Draws, side: int) -> Tensor:
    """The crops (B, 3, side, side) that were drawn, from 0 to 1, none of them mixed with another."""
    return coloured(functional.avg_pool2d(_sampled(pool, draws, FINER * side), FINER), draws)


def _sampled(pool: Pool, draws: Draws, side: int) -> Tensor:
    none = torch.zeros_like(draws.x)
    across = torch.stack([draws.wide * draws.side, none, 2 * draws.x - 1], dim=1)
    down = torch.stack([none, draws.high, 2 * draws.y - 1], dim=1)
    boxes = torch.stack([across, down], dim=1)  # (B, 2, 3): of a place of the crop the place in the picture
    grid = functional.affine_grid(boxes, [len(boxes), 3, side, side], align_corners=False)
    pictures = pool.pixels[draws.rows].float().div_(255)
    return functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)


def coloured(crops: Tensor, draws: Draws) -> Tensor:
    """Brightness, then contrast about the mean grey, then saturation, cut off at 0 and 1 in the end."""
    brightness, contrast, saturation = (
        factor.view(-1, 1, 1, 1) for factor in (draws.brightness, draws.contrast, draws.saturation)
    )
    crops = crops * brightness
    about = _grey(crops).mean(dim=(2, 3), keepdim=True)
    crops = about + contrast * (crops - about)
    grey = _grey(crops)
    return (grey + saturation * (crops - grey)).clamp(0, 1)


def mixed(crops: Tensor, draws: Draws) -> Tensor:
    """Each with the one before it in the batch: blended, or a box of that pasted in, or left as it is."""
    side = crops.shape[-1]
    places = (torch.arange(side, device=crops.device) + 0.5) / side
    near = [
        (places - centre.view(-1, 1)).abs() < draws.pasted.view(-1, 1) / 2 for centre in (draws.down, draws.across)
    ]
    inside = near[0][:, None, :, None] & near[1][:, None, None, :]
    own = draws.blend.view(-1, 1, 1, 1) * ~inside
    return own * crops + (1 - own) * crops.roll(1, dims=0)


def normalised(crops: Tensor, preprocess: ImagePreprocess) -> Tensor:
    """(B, C, h, w) as the network of `preprocess` takes them."""
    if preprocess.channels == 1:
        crops = crops.mean(dim=1, keepdim=True)
    # with numbers instead of tensors, which would have to be copied to the device, and the device waited for
    parts = zip(crops.unbind(dim=1), preprocess.mean, preprocess.std, strict=True)
    return torch.stack([(part - mean) / std for part, mean, std in parts], dim=1)


def _grey(crops: Tensor) -> Tensor:
    """(B, 1, h, w)."""
    red, green, blue = crops.unbind(dim=1)
    return (LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue).unsqueeze(1)
