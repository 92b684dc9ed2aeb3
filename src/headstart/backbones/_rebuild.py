"""Makes a described backbone again, through the source that it came from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.backbones._registry import SOURCES

if TYPE_CHECKING:
    from headstart.backbones.base import Backbone


def rebuild(description: Mapping[str, Any], assets: Path | None) -> Backbone:
    """The architecture that ``Backbone.describe()`` described, with random weights; no network is needed.

    Raises
    ------
    UsageError : the source it came from is not installed.
    """
    made: Backbone = SOURCES.load(description["source"])().rebuild(description, assets)
    slices = description.get("preprocess", {}).get("stack")
    return made if slices is None else made.stacked(int(slices))
