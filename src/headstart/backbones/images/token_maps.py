"""Vision transformers made for one size of picture, at another: their patch tokens are the one map that they give."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor, nn

from headstart.backbones._use_order import Seen, look
from headstart.backbones.base import Map
from headstart.backbones.images.backbone import ImageBackbone
from headstart.backbones.images.preprocess import ImagePreprocess

_MAP = "map"


def gives_tokens(network: nn.Module) -> bool:
    """Whether `network` is one of timm's plain vision transformers, whose position embeddings it can interpolate."""
    able = all(callable(getattr(network, name, None)) for name in ("set_input_size", "forward_features"))
    patch = getattr(getattr(network, "patch_embed", None), "patch_size", None)
    return able and hasattr(network, "num_prefix_tokens") and isinstance(patch, tuple) and len(set(patch)) == 1


class TokenNetwork(nn.Module):
    """Pixels (N, C, H, W) → the features (N, D) of `transformer`; on the way its patch tokens are put into a map."""

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

    @property
    def patch(self) -> int:
        """Pixels of the side of a patch."""
        return int(self.transformer.patch_embed.patch_size[0])

    def resize(self, width: int, height: int) -> None:
        """Interpolate the position embeddings for pictures of `width` × `height` pixels."""
        self.transformer.set_input_size(img_size=(height, width))
        self.map.grid = tuple(self.transformer.patch_embed.grid_size)


class _AsMap(nn.Module):
    """Tokens (N, P + h w, D), the first P of them of no place, → (N, D, h, w)."""

    def __init__(self, prefix: int) -> None:
        super().__init__()
        self.prefix, self.grid = prefix, (1, 1)

    def forward(self, tokens: Tensor) -> Tensor:
        """The map."""
        return tokens[:, self.prefix :].transpose(1, 2).unflatten(2, self.grid)


class TokenMapsBackbone(ImageBackbone):
    """A vision transformer for whole pictures of one frame.

    A place of the map is a patch. Where its side is no power of two, pictures are brought to that share of the frame
    at which the stride is one: a patch of 14 pixels shows 16 of the frame's.

    Parameters
    ----------
    made : the same for pictures of the size that it was made for. frame : (width, height) in pixels.
    """

    network: TokenNetwork

    def __init__(self, made: ImageBackbone, frame: tuple[int, int]) -> None:
        network = TokenNetwork(made.network)
        shown = _shown(network.patch, frame)
        network.resize(*shown)
        own = {key: value for key, value in made.describe().items() if key not in ("name", "card", "preprocess")}
        leaves, functions = made.tracer_leaves(), made.tracer_functions()
        super().__init__(
            network, made.card, made.preprocess.framed(shown), {**own, "frame": list(frame)}, leaves, functions
        )

    def _look(self, preprocess: ImagePreprocess) -> Seen:
        width, height = preprocess.frame or (preprocess.size, preprocess.size)
        return look(self.network, preprocess.channels, height, width)

    def framed(self, frame: tuple[int, int]) -> TokenMapsBackbone:
        """The same for another frame; position embeddings are interpolated from those of the last."""
        shown = _shown(self.network.patch, frame)
        self.preprocess = self.preprocess.framed(shown)
        self.network.resize(*shown)
        self._description["frame"] = list(frame)
        return self

    def offered_maps(self) -> list[Map]:
        return [Map(_MAP, int(self.network.transformer.num_features), _stride(self.network.patch))]


def _stride(patch: int) -> int:
    """The power of two nearest to the side of a patch."""
    return int(2 ** round(math.log2(patch)))


def _shown(patch: int, frame: tuple[int, int]) -> tuple[int, int]:
    """The size in which `frame` is looked at: as many whole patches as it has strides."""
    width, height = (max(1, side // _stride(patch)) * patch for side in frame)
    return width, height


class TransformerBackbone(ImageBackbone):
    """A vision transformer as it was made, for pictures of one size."""

    def framed(self, frame: tuple[int, int]) -> TokenMapsBackbone:  # type: ignore[override]
        """Another network on the same weights, which takes whole pictures and gives a map."""
        return TokenMapsBackbone(self, frame)
