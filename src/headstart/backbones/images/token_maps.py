"""Vision transformers made for one size of picture, at another: their patch tokens are the one map that they give."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from headstart.backbones.base import Map
from headstart.backbones.images.backbone import ImageBackbone
from headstart.backbones.images.framed import FramedBackbone, FramedNetwork, in_patches, stride_of_patches
from headstart.backbones.images.preprocess import ImagePreprocess

_MAP = "map"


def gives_tokens(network: nn.Module) -> bool:
    """Whether `network` is one of timm's plain vision transformers, whose position embeddings it can interpolate."""
    able = all(callable(getattr(network, name, None)) for name in ("set_input_size", "forward_features"))
    patch = getattr(getattr(network, "patch_embed", None), "patch_size", None)
    return able and hasattr(network, "num_prefix_tokens") and isinstance(patch, tuple) and len(set(patch)) == 1


class TokenNetwork(FramedNetwork):
    """Pixels (N, C, H, W) → the features (N, D) of `transformer`; on the way its patch tokens are put into a map.

    A place of the map is a patch.
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
        width, height = in_patches(self._patch, frame)
        self.transformer.set_input_size(img_size=(height, width))
        self.map.grid = tuple(self.transformer.patch_embed.grid_size)
        return preprocess.framed((width, height))

    def offered(self) -> list[Map]:
        return [Map(_MAP, int(self.transformer.num_features), stride_of_patches(self._patch))]

    @property
    def _patch(self) -> int:
        """Pixels of the side of a patch; of one that convolutions made, of what it shows."""
        start = self.transformer.patch_embed
        return int(start.feat_ratio() if hasattr(start, "feat_ratio") else start.patch_size[0])


class _AsMap(nn.Module):
    """Tokens (N, P + h w, D), the first P of them of no place, → (N, D, h, w)."""

    def __init__(self, prefix: int) -> None:
        super().__init__()
        self.prefix, self.grid = prefix, (1, 1)

    def forward(self, tokens: Tensor) -> Tensor:
        """The map."""
        return tokens[:, self.prefix :].transpose(1, 2).unflatten(2, self.grid)


class TransformerBackbone(ImageBackbone):
    """A vision transformer as it was made, for pictures of one size."""

    def framed(self, frame: tuple[int, int]) -> FramedBackbone:  # type: ignore[override]
        """Another network on the same weights, which takes whole pictures and gives a map."""
        return FramedBackbone(self, TokenNetwork(self.network), frame)
