"""open_clip: CLIP models as open_clip and timm keep them, read into the two towers that transformers has for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.backbones._card import Card
from headstart.backbones._registry import SOURCES
from headstart.backbones._source import Source
from headstart.backbones.folders.folder import folder_card
from headstart.backbones.folders.hub import fetch_folder
from headstart.backbones.folders.open_clip_names import CONFIG, WEIGHTS, clip_config, is_open_clip
from headstart.core.errors import UsageError

if TYPE_CHECKING:
    from headstart.backbones.base import Backbone
    from headstart.backbones.towers.two_towers import TwoTowersBackbone

_PATTERNS = (CONFIG, WEIGHTS, "tokenizer*", "vocab.json", "merges.txt", "special_tokens_map.json", "README.md")


class OpenClip(Source):
    """``open_clip/OWNER/NAME``: a hub repository, or a folder like it, with open_clip's two files and a tokenizer.

    Such a folder may hold weights for another library beside them; these know words, so they are read first.
    """

    def cards(self) -> list[Card]:
        return []

    def has(self, name: str) -> bool:
        """Any ``owner/name`` may be on the hub; only the hub knows."""
        return len(name.split("/")) == 2 and all(name.split("/"))

    def load(self, name: str, pretrained: bool = True) -> TwoTowersBackbone:
        folder = fetch_folder(name, _PATTERNS, (CONFIG, WEIGHTS))
        card = replace(folder_card(folder, clip_config(folder), "image", WEIGHTS), name=f"{self.prefix}/{name}")
        return self.load_folder(folder, card, pretrained)

    def reads(self, folder: Path, config: Mapping[str, Any]) -> str | None:
        return "image" if is_open_clip(folder) else None

    def load_folder(self, folder: Path, card: Card, pretrained: bool = True) -> TwoTowersBackbone:
        from headstart.backbones.folders.open_clip_names import renamed, settings
        from headstart.backbones.folders.weights import read_weights
        from headstart.backbones.images import transformers_pixels as pixels
        from headstart.backbones.towers import transformers_towers as towers

        def read(where: Path) -> dict[str, Any]:
            return renamed(read_weights(where / WEIGHTS))

        config = towers.make_config(clip_config(folder), str(folder))
        picture, scale = towers.picture_tower(config, read(folder) if pretrained else None, str(folder))
        words = towers.text_tower(config, folder, read=read)
        given, size = settings(folder), int(config.vision_config.image_size)
        preprocess = pixels.preprocess_of(given, size, pixels.CLIP, squares=given["squash"])
        return towers.backbone(picture, words, replace(card, words=True), preprocess, config, scale)

    def rebuild(self, description: Mapping[str, Any], assets: Path | None) -> Backbone:
        """Descriptions of loaded folders name the source that their towers are of; this hands them on anyway."""
        return SOURCES.load(description["source"])().rebuild(description, assets)

    def tiny(self, name: str) -> Backbone:
        raise UsageError("A model of open_clip is an architecture of another source, which makes the miniature.")

    def families(self) -> list[str]:
        return []
