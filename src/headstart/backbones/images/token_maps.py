"""Vision transformers made for one size of picture, at another: their patch tokens are the one map that they give."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor, nn

from headstart.backbones.base import Map
from headstart.backbones.images.backbone import ImageBackbone
from headstart.backbones.images.framed import FramedBackbone, FramedNetwork
from headstart.backbones.images.preprocess import ImagePreprocess

_MAP = "map"


def gives_tokens(network: nn.Module) -> bool:
    """Whether `network` is one of timm's plain vision transformers, whose position embeddings it can interpolate."""
    able = all(callable(getattr(network, name, None)) for name in ("set_input_size", "forward_features"))
    patch = getattr(getattr(network, "patch_embed", None), "patch_size", None)
    return able and hasattr(network, "num_prefix_tokens") and isinstance(patch, tuple) and len(set(patch)) == 1


class TokenNetwork(FramedNetwork):
    """Pixels (N, C, H, W) → the features (N, D) of `transformer`; on the way its patch tokens are put into a map.

    A place of the map is a patch. Where its side is no power of two, pictures are brought to that share of the frame
    at which the stride is one: a patch of 14 pixels shows 16 of the frame's.
    """

    transformer: Any

    def __init__(self, transformer: Any) -> None:
        super().__init__()
        self.transformer = transformer
        self.map = _AsMap(transformer.num_prefix_tokens)

    def forward(self, pixels: Tensor) -> Tensor:
        """Features."""
        tokens = self.transformer.forward_features(pixels)
        self.map(tokens)
        features: Tensor = self.transformer.forward_head(tokens)
        return features

    def take(self, frame: tuple[int, int], preprocess: ImagePreprocess) -> ImagePreprocess:
        width, height = _shown(self._patch, frame)
        self.transformer.set_input_size(img_size=(height, width))
        self.map.grid = tuple(self.transformer.patch_embed.grid_size)
        return preprocess.framed((width, height))

    def offered(self) -> list[Map]:
        return [Map(_MAP, int(self.transformer.num_features), _stride(self._patch))]

    @property
    def _patch(self) -> int:
        """Pixels of the side of a patch."""
        return int(self.transformer.patch_embed.patch_size[0])


class _AsMap(nn.Module):
    """Tokens (N, P + h w, D), the first P of them of no place, → (N, D, h, w)."""

    def __init__(self, prefix: int) -> None:
        super().__init__()
        self.prefix, self.grid = prefix, (1, 1)

    def forward(self, tokens: Tensor) -> Tensor:
        """The map."""
        return tokens[:, self.prefix :].transpose(1, 2).unflatten(2, self.grid)


def _stride(patch: int) -> int:
    """The power of two nearest to the side of a patch."""
    return int(2 ** round(math.log2(patch)))


def _shown(patch: int, frame: tuple[int, int]) -> tuple[int, int]:
    """The size in which `frame` is looked at: as many whole patches as it has strides."""
    width, height = (max(1, side // _stride(patch)) * patch for side in frame)
    return width, height


class TransformerBackbone(ImageBackbone):
    """A vision transformer as it was made, for pictures of one size."""

    def framed(self, frame: tuple[int, int]) -> FramedBackbone:  # type: ignore[override]
        """Another network on the same weights, which takes whole pictures and gives a map."""
        return FramedBackbone(self, TokenNetwork(self.network), frame)
