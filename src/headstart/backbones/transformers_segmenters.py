"""transformers: networks that were pretrained on masks, from the hub or a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.backbones._card import Card
from headstart.backbones.folders.folder import WEIGHTS, read_config
from headstart.backbones.folders.hub_folders import HubFolders
from headstart.backbones.folders.prior import of_masks
from headstart.backbones.folders.published import published_cards
from headstart.backbones.folders.segmenter_kinds import KINDS, kind_of

if TYPE_CHECKING:
    from headstart.backbones.images.backbone import ImageBackbone

_PATTERNS = ("config.json", "preprocessor_config.json", WEIGHTS, "README.md")


class TransformersSegmenters(HubFolders):
    """``transformers_segmenters/OWNER/NAME``: a hub repository, or a folder in its layout.

    The trunk with the layers that masks have shaped is the backbone; the predictor of the old classes is left out.
    """

    modality, patterns = "image", _PATTERNS

    def cards(self) -> list[Card]:
        """Those already downloaded."""
        return published_cards(self, "image", (), of_masks)

    def reads(self, folder: Path, config: Mapping[str, Any]) -> str | None:
        return "image" if kind_of(folder, config) else None

    def load_folder(self, folder: Path, card: Card, pretrained: bool = True) -> ImageBackbone:
        from headstart.backbones.images.transformers_pixels import read_settings
        from headstart.backbones.segmenters import transformers as segmenters

        plain = read_config(folder)
        preprocess = segmenters.preprocess_of(read_settings(folder), plain, str(folder))
        return segmenters.backbone(plain, preprocess, card, folder if pretrained else None)

    def rebuild(self, description: Mapping[str, Any], assets: Path | None) -> ImageBackbone:
        from headstart.backbones.images.preprocess import ImagePreprocess
        from headstart.backbones.images.rebuild import described_card
        from headstart.backbones.segmenters import transformers as segmenters

        preprocess = ImagePreprocess.from_description(description["preprocess"])
        card, staged = described_card(description), bool(description.get("staged"))
        return segmenters.backbone(description["config"], preprocess, card, staged=staged)

    def tiny(self, name: str) -> ImageBackbone:
        from headstart.backbones.segmenters import transformers as segmenters

        return segmenters.tiny(name, f"{self.prefix}/{name}")

    def families(self) -> list[str]:
        return list(KINDS)
