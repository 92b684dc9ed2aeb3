"""Networks that tell themselves what their stages give, in whatever order they hold it: those are their maps."""

from __future__ import annotations

import contextlib
import math
import warnings
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn

from headstart.backbones.base import Map
from headstart.backbones.images.backbone import FEWEST_MAPS, ImageBackbone
from headstart.backbones.images.framed import FramedBackbone, FramedNetwork, in_patches
from headstart.backbones.images.maps import UNFIT, hands_on
from headstart.backbones.images.preprocess import ImagePreprocess


def gives_stages(network: nn.Module) -> bool:
    """Whether `network` has timm's verb for maps (N, C, h, w), be it of windows, of tokens or of channels last."""
    return all(callable(getattr(network, name, None)) for name in ("forward_intermediates", "forward_head"))


class StageNetwork(FramedNetwork):
    """Pixels (N, C, H, W) → the features (N, D) of `made`; on the way the last map of each stride is handed on."""

    made: Any

    def __init__(self, made: nn.Module) -> None:
        super().__init__()
        self.made = made
        self.maps = nn.ModuleDict()
        self._given: list[tuple[int, Map]] = []
        self._normed = True

    def forward(self, pixels: Tensor) -> Tensor:
        """Features."""
        wanted = [at for at, _ in self._given]
        last, maps = self.made.forward_intermediates(pixels, indices=wanted, norm=self._normed)
        for given, module in zip(maps, self.maps.values(), strict=True):
            module(given)
        features: Tensor = self.made.forward_head(last)
        return features

    def take(self, frame: tuple[int, int], preprocess: ImagePreprocess) -> ImagePreprocess:
        """As it says; the size that the network was made for is looked at where it cannot take another.

        Strides are the powers of two nearest to what a place then shows of the frame. Maps pass the last norm where
        the network can let them, as what its classifier read did.
        """
        own = (preprocess.size, preprocess.size)
        fitting = self._fitting(frame, preprocess)
        for shown, self._normed in product((fitting, own), (True, False)):
            if maps := self._tried(shown, preprocess.channels):
                break
        last = {_stride(frame, one): (at, one.shape[1]) for at, one in enumerate(maps)}
        self._given = [
            (at, Map(f"maps.{stride}", channels, stride)) for stride, (at, channels) in sorted(last.items()) if stride
        ]
        self.maps = nn.ModuleDict({str(each.stride): nn.Identity() for _, each in self._given})
        return preprocess.framed(shown)

    def offered(self) -> list[Map]:
        return [each for _, each in self._given]

    def _fitting(self, frame: tuple[int, int], preprocess: ImagePreprocess) -> tuple[int, int]:
        """The size of a frame in whole patches, for a network of patches that takes any size."""
        if hasattr(self.made, "set_input_size"):
            return frame
        given = self._tried((preprocess.size, preprocess.size), preprocess.channels)
        places = {each.shape[-1] for each in given if each.dim() == 4}
        return in_patches(preprocess.size // places.pop(), frame) if len(places) == 1 else frame

    def _tried(self, size: tuple[int, int], channels: int) -> list[Tensor]:
        """The maps of a picture of `size` (width, height); none where it cannot be."""
        width, height = size
        with torch.no_grad(), contextlib.suppress(*UNFIT), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # how timm interpolates what depends on positions
            if resize := getattr(self.made, "set_input_size", None):
                resize(img_size=(height, width))
            pixels = torch.zeros(1, channels, height, width)
            last, maps = self.made.forward_intermediates(pixels, norm=self._normed)
            self.made.forward_head(last)
            return list(maps)
        return []


def _stride(frame: tuple[int, int], given: Tensor) -> int:
    """The power of two nearest to the pixels of the frame (width, height) from a place of `given` to the next.

    0 where it has no places, or as many as pixels.
    """
    if given.dim() != 4 or min(given.shape[2:]) < 2:
        return 0
    octaves = round(math.log2(frame[0] * frame[1] / (given.shape[2] * given.shape[3])) / 2)
    return int(2**octaves) if octaves > 0 else 0


class StagedBackbone(ImageBackbone):
    """A network as it was made, which tells what its stages give."""

    def framed(self, frame: tuple[int, int]) -> ImageBackbone:
        """The same, where its modules give all those maps at any size, enough of them for heads; else another network
        on the same weights.

        One that can be told a size must be, though some others pass.

        Raises
        ------
        UsageError : it gives no maps at this size, nor at its own.
        """
        asked = (self.network, self._stages, "network.", self.preprocess.channels, self._told)
        plain = not hasattr(self.network, "set_input_size") and hands_on(*asked)
        if plain and len(self.unframed_maps()) >= FEWEST_MAPS:
            return super().framed(frame)
        return FramedBackbone(self, StageNetwork(self.network), frame)

    def _told(self, pixels: Tensor) -> list[Tensor]:
        network: Any = self.network
        return list(network.forward_intermediates(pixels)[1])
