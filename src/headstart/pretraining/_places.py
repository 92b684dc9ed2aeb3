"""The maps of a teacher as a loss: what a student's features of each place of a crop should be."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

SILENT = 0.02
"""A channel that deviates by less than this share of the mean deviation is not stretched any further."""


class Places(nn.Module):
    """Loss = mean over maps of smooth-L1(W m + b, z): hints (Romero et al. 2015, arXiv:1412.6550), place by place.

    m (B, C, h, w) is a map of the student and z (B, A, h, w) the teacher's of that stride, standardised by channel.
    W, b are learnt with the student and left behind. A crop teaches as often as it has places.

    Parameters
    ----------
    channels : C of each map of the student. wanted : the teacher's maps (n, A, h, w) of some crops.
    """

    def __init__(self, channels: Sequence[int], wanted: Sequence[Tensor]) -> None:
        super().__init__()
        self.maps = nn.ModuleList(
            nn.Conv2d(given, of_teacher.shape[1], 1) for given, of_teacher in zip(channels, wanted, strict=True)
        )
        for number, of_teacher in enumerate(wanted):
            deviation, mean = torch.std_mean(of_teacher.float(), dim=(0, 2, 3), correction=0, keepdim=True)
            self.register_buffer(f"mean{number}", mean)
            self.register_buffer(f"deviation{number}", deviation.clamp_min(SILENT * float(deviation.mean()) + 1e-12))

    def forward(self, given: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
        """The loss, a scalar."""
        losses = [self._of(number, *pair) for number, pair in enumerate(zip(given, wanted, strict=True))]
        return torch.stack(losses).mean()

    def _of(self, number: int, given: Tensor, wanted: Tensor) -> Tensor:
        mean, deviation = (self.get_buffer(f"{name}{number}") for name in ("mean", "deviation"))
        standard = (wanted.float() - mean) / deviation
        told = self.maps[number](given.float())
        if told.shape[2:] != standard.shape[2:]:
            standard = functional.interpolate(standard, told.shape[2:], mode="bilinear", align_corners=False)
        return functional.smooth_l1_loss(told, standard)
