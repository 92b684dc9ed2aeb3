"""transformers: picture towers that share a space with words (CLIP, SigLIP), from the hub or a folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.backbones._card import Card
from headstart.backbones.folders.folder import WEIGHTS, read_config
from headstart.backbones.folders.hub_folders import HubFolders
from headstart.backbones.folders.prior import Prior, estimated, of_weights
from headstart.backbones.folders.published import published_cards

if TYPE_CHECKING:
    from headstart.backbones.base import Backbone
    from headstart.backbones.towers.two_towers import TwoTowersBackbone

FAMILIES = ("clip", "siglip")
"""Model types of transformers whose two towers share a space."""

_PATTERNS = ("*.json", "*.txt", "*.model", WEIGHTS, "README.md")

_LISTED = (
    ("openai/clip-vit-base-patch32", "mit", 151_277_313, "CLIP, 400 million pictures with captions"),
    ("google/siglip-base-patch16-224", "apache-2.0", 203_155_970, "SigLIP, WebLI, pictures with captions"),
)


class TransformersImages(HubFolders):
    """``transformers_images/NAME``, and ``transformers/NAME`` too: a hub repository, or a folder in its layout."""

    modality, patterns = "image", _PATTERNS

    def cards(self) -> list[Card]:
        return [replace(card, words=True) for card in published_cards(self, "image", _LISTED, _prior)]

    def reads(self, folder: Path, config: Mapping[str, Any]) -> str | None:
        return "image" if config.get("model_type") in FAMILIES and "vision_config" in config else None

    def load_folder(self, folder: Path, card: Card, pretrained: bool = True) -> TwoTowersBackbone:
        from headstart.backbones.folders.weights import read_weights
        from headstart.backbones.images.transformers_pixels import read_settings
        from headstart.backbones.towers import transformers_towers as towers

        config = towers.make_config(read_config(folder), str(folder))
        preprocess = towers.preprocess_of(read_settings(folder), config, str(folder))
        given = read_weights(folder / WEIGHTS) if pretrained else None
        picture, scale = towers.picture_tower(config, given, str(folder))
        words = towers.text_tower(config, folder)
        return towers.backbone(picture, words, replace(card, words=True), preprocess, config, scale)

    def rebuild(self, description: Mapping[str, Any], assets: Path | None) -> Backbone:
        from headstart.backbones.towers import transformers_towers as towers

        return towers.rebuilt(description, assets)

    def tiny(self, name: str) -> TwoTowersBackbone:
        from headstart.backbones.towers import transformers_towers as towers

        return towers.tiny(name, f"{self.prefix}/{name}")

    def families(self) -> list[str]:
        return list(FAMILIES)


def _prior(name: str, parameters: int) -> Prior:
    return of_weights("towers", "", name) or estimated("vit", parameters)
