"""Where pictures and their masks lie: ``images/`` beside ``masks/``, with folders of splits outside or inside."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

IMAGES = frozenset({"images", "image", "imgs", "img", "jpegimages"})
MASKS = frozenset({"masks", "mask", "labels", "label", "annotations", "annots", "gt", "segmentationclass"})
ENDINGS = frozenset({".png", ".bmp", ".tif", ".tiff", ".gif", ".jpg", ".jpeg"})

ADDED = ("", "_mask", "_masks", "_label", "_labels", "_seg", "_gt", "_l", "_labelids", "_gtfine_labelids", "-mask")
"""What may follow a picture's stem in that of its mask."""


class Pair(NamedTuple):
    """A folder of pictures, that of their masks, and the split they are given for."""

    split: str | None
    images: Path
    masks: Path


def pairs_in(folder: Path, splits: dict[str, str]) -> list[Pair]:
    """The pairs of folders in `folder`; none where it is laid out otherwise.

    Parameters
    ----------
    splits : names of folders (lower case) → split.
    """
    if own := _beside(folder):
        images, masks = own
        inside = [child for child in _folders(images) if child.name.lower() in splits]
        parts = [Pair(splits[c.name.lower()], c, masks / c.name) for c in inside if (masks / c.name).is_dir()]
        return parts or ([Pair(None, *own)] if _holds_pictures(masks) else [])
    named = [child for child in _folders(folder) if child.name.lower() in splits]
    pairs = [Pair(splits[child.name.lower()], *both) for child in named if (both := _beside(child))]
    return pairs if any(_holds_pictures(pair.masks) for pair in pairs) else []


def _beside(folder: Path) -> tuple[Path, Path] | None:
    named = {child.name.lower(): child for child in _folders(folder)}
    images = [child for name, child in named.items() if name in IMAGES]
    masks = [child for name, child in named.items() if name in MASKS]
    return (images[0], masks[0]) if len(images) == 1 and len(masks) == 1 else None


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _holds_pictures(folder: Path) -> bool:
    return any(path.suffix.lower() in ENDINGS for path in folder.rglob("*"))


def stems(folder: Path, files: list[Path]) -> dict[str, Path]:
    """Files by their path within `folder` without its ending, in lower case."""
    return {path.relative_to(folder).with_suffix("").as_posix().lower(): path for path in files}


def matched(images: dict[str, Path], masks: dict[str, Path]) -> dict[str, Path]:
    """Masks by the stem of their picture, as the ending of `ADDED` gives that most pictures have."""
    tried = [{stem: masks[stem + added] for stem in images if stem + added in masks} for added in ADDED]
    return max(tried, key=len)
