"""Where pictures and their masks lie: ``images/`` beside ``masks/``, or both in one folder, in splits or not."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from headstart.data.modalities._scans import DICOM, NIFTI
from headstart.data.readers import _cityscapes as cityscapes
from headstart.data.readers import _decathlon as decathlon
from headstart.data.readers._kinds_of_input import bare_name, ending

IMAGES = frozenset({"images", "image", "imgs", "img", "jpegimages", "pictures", "photos", "leftimg8bit"})
MASKS = frozenset(
    {
        "masks", "mask", "labels", "label", "lbl", "lbls", "annotations", "annots", "annot", "gt", "groundtruth",
        "ground_truth", "segmentation", "segmentations", "segmentationclass", "segmentationclasspng",
        "gtfine",
    }
)  # fmt: skip
ENDINGS = frozenset({".png", ".bmp", ".tif", ".tiff", ".gif", ".jpg", ".jpeg"}) | DICOM | NIFTI

TOGETHER = ("_mask", "_masks", "_label", "_labels", "_seg", "_segmentation", "_gt", "-mask")
"""What may follow a picture's stem in that of its mask, where both lie in one folder too."""

ADDED = ("", *TOGETHER, "_l", "_labelids", *cityscapes.MASKS)
"""The same where masks have a folder of their own; in one folder ``_l`` may mean the left one of two pictures."""

_OF_A_SPLIT = ("annot", "_annot", "_masks", "_mask", "_labels", "_label", "_annotations", "_gt")
"""What may follow the name of a split's folder in that of its masks: ``train`` beside ``trainannot``."""


class Pair(NamedTuple):
    """A folder of pictures, that of their masks (perhaps the same), and the split they are given for."""

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
    if found := decathlon.folders(folder):
        return [Pair(*each) for each in found]
    named = [child for child in _folders(folder) if child.name.lower() in splits]
    for layout in (_beside, _annotated, _together):
        pairs = [Pair(splits[child.name.lower()], *both) for child in named if (both := layout(child))]
        if any(_holds_pictures(pair.masks) for pair in pairs):
            return pairs
    return [Pair(None, *both)] if (both := _together(folder)) else []


def may_be_mask(path: Path) -> bool:
    """Whether a file has an ending of masks: of pictures, or of medical files."""
    return ending(path) in ENDINGS


def masks_among(files: Iterable[Path]) -> frozenset[Path]:
    """Of the pictures in one folder those that are the mask of another, by their names."""
    stems = {(path.parent, bare_name(path).lower()): path for path in files if may_be_mask(path)}
    return frozenset(
        path
        for (parent, stem), path in stems.items()
        if any(stem.endswith(added) and (parent, stem.removesuffix(added)) in stems for added in TOGETHER)
    )


def _beside(folder: Path) -> tuple[Path, Path] | None:
    named = {child.name.lower(): child for child in _folders(folder)}
    images = [child for name, child in named.items() if name in IMAGES]
    masks = [child for name, child in named.items() if name in MASKS]
    masks = masks if len(masks) < 2 else [child for child in masks if _holds_pictures(child)]
    return (images[0], masks[0]) if len(images) == 1 and len(masks) == 1 else None


def _annotated(folder: Path) -> tuple[Path, Path] | None:
    """The folder of a split, and the one beside it that is named after it."""
    named = {child.name.lower(): child for child in _folders(folder.parent)}
    found = [named[folder.name.lower() + added] for added in _OF_A_SPLIT if folder.name.lower() + added in named]
    return (folder, found[0]) if len(found) == 1 else None


def _together(folder: Path) -> tuple[Path, Path] | None:
    """The folder twice, where at least half of the pictures in it have their mask beside them."""
    files = [path for path in folder.iterdir() if may_be_mask(path) and not path.name.startswith(".")]
    masks = masks_among(files)
    return (folder, folder) if masks and 2 * len(masks) >= len(files) - len(masks) else None


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _holds_pictures(folder: Path) -> bool:
    return any(may_be_mask(path) for path in folder.rglob("*"))


def stem_of(folder: Path, file: Path) -> str:
    """The path of a file within `folder` without its ending, in lower case."""
    return file.relative_to(folder).with_name(bare_name(file)).as_posix().lower()


def stems(folder: Path, files: Iterable[Path]) -> dict[str, Path]:
    """Files by their stem within `folder`; of several that have one, the last."""
    return {stem_of(folder, path): path for path in files}


def matched(images: dict[str, Path], masks: dict[str, Path]) -> dict[str, Path]:
    """Masks by the stem of their picture, as the ending of `ADDED` gives that most pictures have."""
    tried = [
        {stem: masks[bare] for stem in images if (bare := stem.removesuffix(shown) + added) in masks}
        for shown in ("", cityscapes.PICTURE, decathlon.PICTURE)
        for added in ADDED
    ]
    return max(tried, key=len)
