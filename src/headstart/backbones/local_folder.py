"""Backbones in folders on this machine: by path, or by name under the folders that HEADSTART_MODELS lists."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.backbones._card import Card
from headstart.backbones._finished_model import backbone_of, is_finished_model
from headstart.backbones._registry import SOURCES
from headstart.backbones._source import Source
from headstart.backbones.folders.folder import WEIGHTS, source_of, weights_file
from headstart.backbones.folders.open_clip_names import CONFIG
from headstart.core.errors import HeadstartError, UsageError, nearest
from headstart.core.paths import expanded

if TYPE_CHECKING:
    from headstart.backbones.base import Backbone


class LocalFolder(Source):
    """``local/NAME`` lies in one of the folders of ``HEADSTART_MODELS`` (separated like ``PATH``).

    A folder holds ``config.json``, ``model.safetensors`` and, for text, tokenizer files; ``config.json`` says
    which library's architecture it is. Nothing in it is executed or unpickled. A finished model's folder is one too:
    its backbone, as it was tuned.
    """

    prefix = "local"
    on_this_machine = True

    def cards(self) -> list[Card]:
        found: dict[str, Card] = {}
        for folder in _folders():
            try:
                _, card = source_of(folder)
            except HeadstartError:
                continue  # other kinds of models may lie beside the backbones
            found.setdefault(folder.name, replace(card, name=f"{self.prefix}/{folder.name}"))
        return [card for _, card in sorted(found.items())]

    def has(self, name: str) -> bool:
        return self._find(name) is not None

    def load(self, name: str, pretrained: bool = True) -> Backbone:
        folder = self._find(name)
        if folder is None:
            names = [card.name.partition("/")[2] for card in self.cards()]
            listed = os.environ.get("HEADSTART_MODELS") or "not set"
            raise UsageError(
                f"There is no backbone folder {name!r}, neither as a path nor under HEADSTART_MODELS ({listed})."
                f"{nearest(name, names)} Found there: {', '.join(names) or 'none'}."
            )
        own_name = f"{self.prefix}/{folder.resolve().name}"
        if is_finished_model(folder):
            return backbone_of(folder, own_name, pretrained)
        source, card = source_of(folder)
        if pretrained and not weights_file(folder).is_file():
            raise HeadstartError(f"{folder}: {WEIGHTS} is missing. Copy it there; other weight files are not read.")
        return source.load_folder(folder, replace(card, name=own_name), pretrained)

    def rebuild(self, description: Mapping[str, Any], assets: Path | None) -> Backbone:
        """Descriptions of loaded folders name their library's source; this hands them on all the same."""
        return SOURCES.load(description["source"])().rebuild(description, assets)

    def tiny(self, name: str) -> Backbone:
        raise UsageError("A local folder is an architecture of another source, which makes the miniature.")

    def families(self) -> list[str]:
        return []

    def _find(self, name: str) -> Path | None:
        for folder in _folders():
            if folder.name == name:
                return folder
        path = expanded(name)
        return path if path.exists() else None


def _folders() -> list[Path]:
    """Folders with a configuration under those listed in HEADSTART_MODELS, in the order of that list.

    Last come folders of weights without one, some of which need none.
    """
    roots = [expanded(root) for root in os.environ.get("HEADSTART_MODELS", "").split(os.pathsep) if root]
    found = [
        file.parent for root in roots for file in sorted([*root.glob("*/config.json"), *root.glob(f"*/{CONFIG}")])
    ]
    return list(
        dict.fromkeys([*found, *(file.parent for root in roots for file in sorted(root.glob(f"*/{WEIGHTS}")))])
    )
