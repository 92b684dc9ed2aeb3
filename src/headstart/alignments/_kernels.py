"""Gaussian kernels of several widths, and the discrepancy of two samples under a kernel."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

WIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Widths of the kernels, in units of the mean squared distance of two examples of a batch."""


def gaussian(values: Tensor, widths: Sequence[float] = WIDTHS) -> Tensor:
    """(N, N) mean of the kernels exp(-‖x - x'‖² / (w m)), m the mean squared distance of two different examples.

    m is taken as a constant: a loss must not grow smaller by making everything larger.
    """
    distances = (values[:, None] - values[None]).square().sum(dim=2)
    count = len(values)
    mean = (distances.detach().sum() / (count * (count - 1))).clamp_min(1e-12)
    return torch.stack([(-distances / (width * mean)).exp() for width in widths]).mean(dim=0)


def discrepancy(kernel: Tensor, first: int) -> Tensor:
    """MMD² = mean k(s, s') + mean k(t, t') - 2 mean k(s, t), pairs of an example with itself left out.

    The unbiased estimate of Gretton et al. 2012 (JMLR 13:723), equation 3; about 0, and then also below it, where
    both samples come from one distribution.

    Parameters
    ----------
    kernel : (N, N) of all examples, the `first` of them of the source.
    """
    source, target, across = kernel[:first, :first], kernel[first:, first:], kernel[:first, first:]
    return _of_pairs(source) + _of_pairs(target) - 2 * across.mean()


def _of_pairs(kernel: Tensor) -> Tensor:
    """The mean of what lies off the diagonal."""
    count = len(kernel)
    return (kernel.sum() - kernel.diagonal().sum()) / (count * (count - 1))
