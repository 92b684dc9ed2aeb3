"""The small image backbone in this package, so that a fit on pictures runs at once, without any network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.backbones._card import Card
from headstart.backbones._registry import SOURCES
from headstart.backbones._source import Source
from headstart.backbones.folders.folder import source_of
from headstart.core.errors import UsageError, nearest

if TYPE_CHECKING:
    from headstart.backbones.base import Backbone

_FOLDERS = {"embedded": Path(__file__).with_name("embedded_mobilenetv2")}
"""Its weights, with their card; ``recipes/embedded_backbone.py`` repeats how they were made."""


class Embedded(Source):
    """``headstart/embedded``: a MobileNetV2 with random weights, taught by one that ImageNet has trained.

    It stands in where nobody brought a backbone: every folder at hand is taken before it, and so is what was
    downloaded and stands higher on the static list.
    """

    prefix = "headstart"
    on_this_machine = True

    def cards(self) -> list[Card]:
        return [self._card(name) for name in _FOLDERS]

    def has(self, name: str) -> bool:
        return False  # by its full name alone: a bare one may be that of a person's own folder

    def load(self, name: str, pretrained: bool = True) -> Backbone:
        if name not in _FOLDERS:
            raise UsageError(
                f"headstart itself holds no backbone {name!r}.{nearest(name, _FOLDERS)} There are: "
                f"{', '.join(_FOLDERS)}. A folder of yours is named by ./{self.prefix}/{name}."
            )
        source, _ = source_of(_FOLDERS[name])
        return source.load_folder(_FOLDERS[name], self._card(name), pretrained)

    def _card(self, name: str) -> Card:
        return replace(source_of(_FOLDERS[name])[1], name=f"{self.prefix}/{name}", stands_in=True)

    def rebuild(self, description: Mapping[str, Any], assets: Path | None) -> Backbone:
        """Descriptions of embedded backbones name their library's source; this hands them on all the same."""
        return SOURCES.load(description["source"])().rebuild(description, assets)

    def tiny(self, name: str) -> Backbone:
        raise UsageError("An embedded backbone is an architecture of another source, which makes the miniature.")

    def families(self) -> list[str]:
        return []
