"""transformers: plain vision transformers (ViT, DeiT, DINOv2 with or without registers), from the hub or a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.backbones._card import Card
from headstart.backbones.folders.folder import WEIGHTS, read_config
from headstart.backbones.folders.hub_folders import HubFolders
from headstart.backbones.folders.prior import Prior, estimated
from headstart.backbones.folders.published import published_cards

if TYPE_CHECKING:
    from headstart.backbones.images.backbone import ImageBackbone

FAMILIES = ("vit", "deit", "dinov2", "dinov2_with_registers")
"""Model types of transformers whose first token is about the whole picture."""

_PATTERNS = ("config.json", "preprocessor_config.json", WEIGHTS, "README.md")


class TransformersVits(HubFolders):
    """``transformers_vits/OWNER/NAME``: a hub repository, or a folder in its layout; a classifier is left out."""

    modality, patterns = "image", _PATTERNS

    def cards(self) -> list[Card]:
        """Those already downloaded."""
        return published_cards(self, "image", (), _prior)

    def reads(self, folder: Path, config: Mapping[str, Any]) -> str | None:
        return "image" if config.get("model_type") in FAMILIES else None

    def load_folder(self, folder: Path, card: Card, pretrained: bool = True) -> ImageBackbone:
        from headstart.backbones.images import plain_transformers as transformers
        from headstart.backbones.images.transformers_pixels import read_settings

        plain = read_config(folder)
        preprocess = transformers.preprocess_of(read_settings(folder), plain, str(folder))
        return transformers.backbone(plain, preprocess, card, folder if pretrained else None)

    def rebuild(self, description: Mapping[str, Any], assets: Path | None) -> ImageBackbone:
        from headstart.backbones.images import plain_transformers as transformers
        from headstart.backbones.images.preprocess import ImagePreprocess
        from headstart.backbones.images.rebuild import described_card, framed_as_described

        preprocess = ImagePreprocess.from_description(description["preprocess"])
        made = transformers.backbone(description["config"], preprocess, described_card(description))
        return framed_as_described(made, description)

    def tiny(self, name: str) -> ImageBackbone:
        from headstart.backbones.images import plain_transformers as transformers

        return transformers.tiny(name, f"{self.prefix}/{name}")

    def families(self) -> list[str]:
        return list(FAMILIES)


def _prior(name: str, parameters: int) -> Prior:
    return estimated("vit", parameters)
