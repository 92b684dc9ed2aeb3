"""Networks that are made ready for one size of picture: the contract of such a network, and the backbone of one."""

from __future__ import annotations

import math
from abc import abstractmethod

from torch import nn

from headstart.backbones._use_order import Seen, look
from headstart.backbones.base import Map, no_maps
from headstart.backbones.images.backbone import ImageBackbone
from headstart.backbones.images.preprocess import ImagePreprocess
from headstart.core.errors import UsageError


def stride_of_patches(side: int) -> int:
    """The power of two nearest to the `side` of a patch, in pixels."""
    return int(2 ** round(math.log2(side)))


def in_patches(side: int, frame: tuple[int, int]) -> tuple[int, int]:
    """The size in which `frame` is looked at by patches of `side` pixels: as many whole ones as it has strides.

    Where `side` is no power of two that is a share of the frame: a patch of 14 pixels shows 16 of the frame's.
    """
    width, height = (max(1, length // stride_of_patches(side)) * side for length in frame)
    return width, height


class FramedNetwork(nn.Module):
    """Pixels (N, C, H, W) → features (N, D); on the way modules that hold nothing are handed the maps."""

    @abstractmethod
    def take(self, frame: tuple[int, int], preprocess: ImagePreprocess) -> ImagePreprocess:
        """Be ready for whole pictures of `frame` (width, height); what brings them to the size that is looked at.

        Parameters
        ----------
        preprocess : of the pictures that the network was made for, or of the last frame.
        """

    @abstractmethod
    def offered(self) -> list[Map]:
        """The maps, from fine to coarse, whose strides are in pixels of the frame."""


class FramedBackbone(ImageBackbone):
    """A network for whole pictures of one frame.

    Parameters
    ----------
    made : the same for pictures of the size that it was made for. network : the one of `made`, with its maps.
    frame : (width, height) in pixels.

    Raises
    ------
    UsageError : it gives no maps of any.
    """

    network: FramedNetwork

    def __init__(self, made: ImageBackbone, network: FramedNetwork, frame: tuple[int, int]) -> None:
        preprocess = network.take(frame, made.preprocess)
        if not network.offered():
            raise UsageError(no_maps(made))
        own = {key: value for key, value in made.describe().items() if key not in ("name", "card", "preprocess")}
        leaves, functions = made.tracer_leaves(), made.tracer_functions()
        super().__init__(network, made.card, preprocess, {**own, "frame": list(frame)}, leaves, functions)
        self.learning_rate = made.learning_rate

    def _look(self, preprocess: ImagePreprocess) -> Seen:
        width, height = preprocess.frame or (preprocess.size, preprocess.size)
        return look(self.network, preprocess.channels, height, width)

    def framed(self, frame: tuple[int, int]) -> FramedBackbone:
        """The same for another frame; what depends on positions is interpolated from that of the last."""
        self.preprocess = self.network.take(frame, self.preprocess)
        self._description["frame"] = list(frame)
        self._divide(self._look(self.preprocess))
        return self

    def offered_maps(self) -> list[Map]:
        return self.network.offered()
