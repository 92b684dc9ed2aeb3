"""transformers: detectors that predict a set of boxes (YOLOS, RT-DETR, D-FINE), from the hub or a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.backbones._card import Card
from headstart.backbones.folders.folder import WEIGHTS, read_config
from headstart.backbones.folders.hub_folders import HubFolders
from headstart.backbones.folders.prior import for_boxes
from headstart.backbones.folders.published import published_cards
from headstart.backbones.folders.set_detector_kinds import KINDS, set_kind

if TYPE_CHECKING:
    from headstart.backbones.detectors.backbone import DetectorBackbone

_PATTERNS = ("config.json", "preprocessor_config.json", WEIGHTS, "README.md")


class TransformersDetectors(HubFolders):
    """``transformers_detectors/OWNER/NAME``: a hub repository, or a folder in its layout.

    The trunk is the backbone: all before the queries of a decoder, of YOLOS all but the last layer.
    """

    modality, patterns = "image", _PATTERNS

    def cards(self) -> list[Card]:
        """Those already downloaded."""
        return published_cards(self, "image", (), lambda _, parameters: for_boxes(parameters))

    def reads(self, folder: Path, config: Mapping[str, Any]) -> str | None:
        return "image" if set_kind(config) else None

    def load_folder(self, folder: Path, card: Card, pretrained: bool = True) -> DetectorBackbone:
        from headstart.backbones.detectors import transformers as detectors
        from headstart.backbones.images.transformers_pixels import read_settings

        plain = read_config(folder)
        made = detectors.pictures_for(read_settings(folder), plain["model_type"], str(folder))
        return detectors.backbone(plain, made, card, folder if pretrained else None, pretrained)

    def rebuild(self, description: Mapping[str, Any], assets: Path | None) -> DetectorBackbone:
        from headstart.backbones.detectors import transformers as detectors
        from headstart.backbones.images.preprocess import ImagePreprocess
        from headstart.backbones.images.rebuild import described_card

        preprocess, sides = ImagePreprocess.from_description(description["preprocess"]), description["sides"]
        made = detectors.Made(preprocess, (sides[0], sides[1]) if sides else None)
        return detectors.backbone(description["config"], made, described_card(description), taught=False)

    def tiny(self, name: str) -> DetectorBackbone:
        from headstart.backbones.detectors import transformers as detectors

        return detectors.tiny(name, f"{self.prefix}/{name}")

    def families(self) -> list[str]:
        return list(KINDS)
