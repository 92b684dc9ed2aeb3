"""Sources whose names are repositories of the Hugging Face hub, each a folder that is fetched and then read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from headstart.backbones._source import Source
from headstart.backbones.folders.folder import WEIGHTS, folder_card, read_config
from headstart.backbones.folders.hub import fetch_folder

if TYPE_CHECKING:
    from headstart.backbones.base import Backbone


class HubFolders(Source):
    """``prefix/OWNER/NAME``: a hub repository, or a folder in its layout."""

    modality: ClassVar[str]
    patterns: ClassVar[tuple[str, ...]]
    """Names of the files that are fetched."""

    def has(self, name: str) -> bool:
        """Any ``owner/name`` may be on the hub; only the hub knows."""
        return len(name.split("/")) == 2 and all(name.split("/"))

    def load(self, name: str, pretrained: bool = True) -> Backbone:
        folder = fetch_folder(name, self.patterns, ("config.json", WEIGHTS))
        card = replace(folder_card(folder, read_config(folder), self.modality), name=f"{self.prefix}/{name}")
        return self.load_folder(folder, card, pretrained)
