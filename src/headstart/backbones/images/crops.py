"""Heavy crops of pictures: what a network in pretraining is shown instead of whole pictures."""

from __future__ import annotations

import math

from PIL import Image

from headstart.backbones.base import Backbone, Batch
from headstart.backbones.images.preprocess import ImagePreprocess
from headstart.core.errors import UsageError
from headstart.core.slices import SliceStack

FINEST = 2
"""A picture is decoded at so many times the side of the largest network that looks at crops of it."""


class ImageCrops(ImagePreprocess):
    """A raw PIL image and a key → one crop of it, ``{"pixels": (C, size, size) float32}``.

    A box of 8 to 100 % of the area, mirrored or not, with brightness, contrast and saturation within 40 %; all of it
    a pure function of the picture and the key, whatever the network. So two networks of other sizes and statistics
    are shown the same crop under the same key, which is what makes a teacher consistent (Beyer et al. 2022,
    arXiv:2106.05237); heavy crops make much of few pictures (Asano & Saeed 2023, arXiv:2112.00725).

    Parameters
    ----------
    of : the preprocessing of the network, of which size, statistics and filter are kept.
    side : of the decoded picture's shorter side, in pixels, the same for all networks that see the same crops.
    """

    crop_scale = (0.08, 1.0)
    jitter = 0.4

    def __init__(self, of: ImagePreprocess, side: int) -> None:
        super().__init__(of.size, of.mean, of.std, of.interpolation, of.crop_pct, stack=of.stack)
        self.size_hint = side

    def __call__(self, raw: Image.Image | SliceStack, view: int = 0, key: str = "") -> Batch:
        return super().__call__(raw, 1 + view, key)

    def beside(self, other: ImageCrops, side: int) -> int:
        """The side of a crop here where it has `side` there: as much larger as the pictures of this network are."""
        return round(side * self.size / other.size)

    def describe(self) -> dict[str, object]:
        return {**super().describe(), "crops_of": self.size_hint}


def same_crops(*networks: Backbone) -> tuple[ImageCrops, ...]:
    """For each of some networks the preprocessing that shows it the crop that the others see under the same key.

    Raises
    ------
    UsageError : one of them takes no pictures.
    """
    pictured = [_pictured(each) for each in networks]
    side = math.ceil(FINEST * max(each.size for each in pictured))
    return tuple(ImageCrops(each, side) for each in pictured)


def _pictured(backbone: Backbone) -> ImagePreprocess:
    if isinstance(backbone.preprocess, ImagePreprocess):
        return backbone.preprocess
    raise UsageError(
        f"{backbone.card.name} takes no pictures, and crops are cut from pictures alone; name a backbone for images "
        "(`headstart models` lists those at hand)."
    )
