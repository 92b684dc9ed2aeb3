"""A masked autoencoder of patches: a transformer reads some, and a small decoder tells the pixels of the others."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from headstart.backbones.base import Backbone, Batch
from headstart.backbones.images.backbone import ImageBackbone
from headstart.backbones.texts.kept_tokens import Patches, encoded
from headstart.core.errors import UsageError
from headstart.pretraining.base import OwnLesson

WIDTH, HEADS, BLOCKS = 128, 4, 2
"""Of the decoder: narrow and shallow, since it is left behind."""

SLIGHT = 1e-6


class MaskedPatches(OwnLesson[Backbone]):
    """Loss = mean over hidden patches of ‖p̂ - p‖² / |p| (He et al. 2022, arXiv:2111.06377).

    p are a patch's pixels less their mean, by their deviation; p̂ what the decoder makes of the tokens of those shown,
    of a learnt one in the place of each that is hidden, and of where each lies (sines and cosines).
    """

    places: Tensor

    def __init__(self, patches: Patches, channels: int, hidden: float) -> None:
        super().__init__()
        self.patches, self.hidden = patches, hidden
        self.shown = max(1, round(patches.count * (1 - hidden)))
        if self.shown >= patches.count:
            raise UsageError(f"Of {patches.count} patches a share of {hidden:g} hides none.")
        self.into = nn.Linear(patches.width, WIDTH)
        self.blank = nn.Parameter(0.02 * torch.randn(WIDTH))
        self.register_buffer("places", waves(patches.grid, WIDTH), persistent=False)
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, 0.0, "gelu", batch_first=True, norm_first=True)
        self.decoder = nn.TransformerEncoder(layer, BLOCKS, enable_nested_tensor=False)
        self.out = nn.Sequential(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, channels * patches.side**2))

    def forward(self, student: Backbone, crops: Batch, targets: Tensor) -> Tensor:
        pixels = crops["pixels"]
        order = torch.rand(len(pixels), self.patches.count, device=pixels.device).argsort(dim=1)
        return self.told(student, pixels, order)

    def told(self, student: Backbone, pixels: Tensor, order: Tensor) -> Tensor:
        """The loss where patches are shown in the `order` (B, L) until enough are, and the others are hidden."""
        if not isinstance(student, ImageBackbone):
            raise TypeError(f"{student.card.name} takes no pictures")
        shown, hidden = order[:, : self.shown], order[:, self.shown :]
        tokens = self.into(encoded(student.network, pixels, shown))
        blank = self.blank.to(tokens.dtype).expand(*hidden.shape, -1)
        decoded = self.decoder(torch.cat([tokens, blank], dim=1) + self.places[order].to(tokens.dtype))
        told = self.out(decoded[:, self.shown :]).float()
        wanted = standardised(cut_up(pixels, self.patches.side))
        return functional.mse_loss(told, wanted.gather(1, hidden[:, :, None].expand(-1, -1, wanted.shape[2])))


def cut_up(pixels: Tensor, side: int) -> Tensor:
    """(N, C, H, W) → patches (N, L, C side²), row by row."""
    return functional.unfold(pixels.float(), side, stride=side).transpose(1, 2)


def standardised(patches: Tensor) -> Tensor:
    """Each patch (…, P) less its mean, by its deviation."""
    variance, mean = torch.var_mean(patches, dim=-1, keepdim=True)
    return (patches - mean) / (variance + SLIGHT).sqrt()


def waves(grid: tuple[int, int], width: int) -> Tensor:
    """(L, `width`): of the row of each place sines and cosines of `width` / 4 wavelengths, and of its column."""
    rates = 10_000 ** -(torch.arange(width // 4) / (width // 4))
    down, across = torch.meshgrid(*(torch.arange(count) for count in grid), indexing="ij")
    angles = [each.reshape(-1, 1) * rates for each in (down, across)]
    return torch.cat([wave(angle) for angle in angles for wave in (torch.sin, torch.cos)], dim=1)
