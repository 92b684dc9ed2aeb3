"""A backbone for pictures whose features lie in one space with those of words: the picture tower of CLIP's kin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from headstart.backbones._layered import features_at_depths, first_argument, layered_stages, layers_at, layers_path
from headstart.backbones._words import Named, check_prompts, directions
from headstart.backbones.base import Backbone, Batch, Card, LayerRun, Name, Stage
from headstart.backbones.images.framed import FramedBackbone
from headstart.backbones.images.preprocess import ImagePreprocess
from headstart.backbones.towers.picture_tokens import LEARNING_RATE, with_tokens
from headstart.backbones.towers.text_tower import TextTower

PROMPTS = (
    "a photo of a {}.",
    "a bad photo of a {}.",
    "a photo of many {}.",
    "a photo of the large {}.",
    "a photo of the small {}.",
    "a {} in a picture.",
    "art of a {}.",
)
"""An ensemble after the seven that Radford et al. 2021 (arXiv:2103.00020) found enough for ImageNet."""


class PictureTower(nn.Module):
    """Pixels (N, 3, H, W) → the picture's vector (N, D) in the space of words.

    Parameters
    ----------
    vision : gives ``pooler_output``. projection : brings it into the space; None where it lies there already.
    """

    def __init__(self, vision: nn.Module, projection: nn.Module | None) -> None:
        super().__init__()
        self.vision = vision
        self.projection = projection or nn.Identity()

    def forward(self, pixels: Tensor) -> Tensor:
        """Features."""
        return self.projection(self.vision(pixel_values=pixels).pooler_output)


class TwoTowersBackbone(Backbone):
    """``network``: the picture tower, in stages. ``words``: the text tower beside it, no part of the network.

    The text tower is read when names are first given; a finished model folder holds it in a folder of its own, so
    that further names can be given later.

    Parameters
    ----------
    scale : what the model multiplies cosines by, learnt in pretraining.
    """

    learning_rate = LEARNING_RATE
    prompts = PROMPTS
    preprocess: ImagePreprocess

    def __init__(
        self,
        network: PictureTower,
        words: TextTower,
        card: Card,
        preprocess: ImagePreprocess,
        description: Mapping[str, Any],
        scale: float,
    ) -> None:
        super().__init__()
        self.network = network.eval()
        self.card, self.preprocess, self.scale = card, preprocess, scale
        self._words, self._description = words, dict(description)
        self._path = layers_path(network, card.name)
        self._pixels = torch.zeros((1, preprocess.channels, preprocess.size, preprocess.size))
        self._stages = layered_stages(network, self._path, lambda: network(self._pixels))
        with torch.no_grad():
            self.feature_size = network(self._pixels).shape[1]
        self.eval()

    def stages(self) -> list[Stage]:
        return list(self._stages)

    def layer_run(self) -> LayerRun:
        owner, _, attribute = self._path.rpartition(".")
        return LayerRun(self.network.get_submodule(owner), attribute, first_argument(self._layers()[0]))

    def features(self, batch: Batch) -> Tensor:
        return self.network(batch["pixels"])

    def framed(self, frame: tuple[int, int]) -> FramedBackbone:
        """The picture tower alone, on the same weights: it takes whole pictures, gives a map, and knows no words."""
        tower = self.network
        made = with_tokens(tower.vision, tower.projection, self.card, self.preprocess, self._description)
        return made.framed(frame)

    def depth_features(self, batch: Batch) -> dict[str, Tensor]:
        return features_at_depths(
            self._layers(), self._stages, lambda: self.features(batch), lambda hidden: hidden.mean(dim=1)
        )

    def describe(self) -> dict[str, Any]:
        return {
            **self._description,
            "name": self.card.name,
            "card": self.card.to_json(),
            "scale": self.scale,
            "preprocess": self.preprocess.describe(),
        }

    def named(self, names: Sequence[Name], prompts: Sequence[str] = ()) -> Named:
        """Directions from the text tower, by the ensemble of prompts."""
        used = check_prompts(prompts or self.prompts)
        return Named(self, directions(names, used, self._words.vectors), self.scale, used)

    def save_assets(self, folder: Path) -> None:
        self._words.save(folder)

    def _layers(self) -> nn.ModuleList:
        return layers_at(self.network, self._path, self.card.name)
