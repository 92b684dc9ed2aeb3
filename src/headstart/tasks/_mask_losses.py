"""The loss of a segmentation: cross-entropy of places, and what Dice says of whole regions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from headstart.core.masks import IGNORED


def mask_losses(outputs: Tensor, encoded: Tensor, class_weights: Tensor, smoothing: float) -> Tensor:
    """(N,): the loss of each picture, of outputs (N, C, h, w) against masks (N, H, W) uint8.

    A place weighs as much as its true class, whatever is smoothed: weights within the cross-entropy would weigh each
    class's share of the smoothing too, and draw every place towards a class that training never saw.
    """
    truth = _middles(encoded, outputs.shape[2], outputs.shape[3]).long()
    known = truth != IGNORED
    each = functional.cross_entropy(outputs, truth, ignore_index=IGNORED, reduction="none", label_smoothing=smoothing)
    each = each * class_weights[truth * known]
    return each.sum((1, 2)) / known.sum((1, 2)).clamp_min(1) + _dice_loss(outputs, truth, known)


def class_weights(pixels: Sequence[int]) -> Tensor:
    """(C,) ∝ 1 / √share of the training pixels, 1 on average for a pixel drawn at random."""
    counts = torch.tensor(pixels, dtype=torch.float).clamp_min(1)
    shares = counts / counts.sum()
    weights = shares.rsqrt()
    return weights / (weights * shares).sum()


def _middles(encoded: Tensor, height: int, width: int) -> Tensor:
    """(N, h, w): of (N, H, W) the pixel in the middle of each of h × w fields."""
    rows = ((torch.arange(height) + 0.5) * encoded.shape[1] / height).long()
    columns = ((torch.arange(width) + 0.5) * encoded.shape[2] / width).long()
    return encoded[:, rows.to(encoded.device)][:, :, columns.to(encoded.device)]


def _dice_loss(outputs: Tensor, truth: Tensor, known: Tensor) -> Tensor:
    """(N,): 1 - mean over the classes there of (2 Σ p g + 1) / (Σ p + Σ g + 1)."""
    probabilities = outputs.softmax(dim=1) * known[:, None]
    there = torch.zeros_like(outputs).scatter_(1, (truth * known)[:, None], known[:, None].to(outputs))
    hits, said, true = ((probabilities * there).sum((2, 3)), probabilities.sum((2, 3)), there.sum((2, 3)))
    dice, present = (2 * hits + 1) / (said + true + 1), (true > 0).to(outputs)
    return 1 - (dice * present).sum(1) / present.sum(1).clamp_min(1)
