"""A folder of pictures beside a folder of their masks: ``images/a.jpg`` and ``masks/a.png``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from headstart.core.errors import InputError, Problem
from headstart.core.files import digest
from headstart.core.masks import Legend, Mask
from headstart.core.threads import spread
from headstart.data.examples import SPLITS, Examples
from headstart.data.modalities._scans import NIFTI
from headstart.data.readers import _decathlon as decathlon
from headstart.data.readers._box_folders import box_formats
from headstart.data.readers._class_legends import NAMES
from headstart.data.readers._folders import (
    SPLIT_NAMES,
    folder_kind,
    is_path,
    left_out,
    refuse_column_names,
)
from headstart.data.readers._kinds_of_input import ending
from headstart.data.readers._mask_files import GivenSplits, called_alike, classes_said, masks_of, pictures_of
from headstart.data.readers._mask_layout import Pair, matched, pairs_in, stems
from headstart.data.readers._mask_legend import Pixels, legend_of
from headstart.data.readers._mask_pixels import codes_in, other_place
from headstart.data.readers._object_files import holds_classes_alone
from headstart.data.readers._object_masks import examples_of_objects, holds_objects
from headstart.data.readers._pictures import picture_size
from headstart.data.readers.base import Reader, Request

MODALITY = "image"


class MaskFolders(Reader):
    """Masks matched by stem, of splits that lie outside (``train/images``) or inside (``images/train``) or not given.

    They may also lie beside their pictures (``a.jpg``, ``a_mask.png``), or in ``trainannot`` beside ``train``. Where
    no folder says a split, lists do (``ImageSets/Segmentation/train.txt``).

    Masks are index or palette PNGs, coloured ones with or without a class file, or of 0 and 255. Where single objects
    are asked for, or each has a file in a folder named after its picture, pixels are numbers of objects.
    Cityscapes is read as it lies. Pictures of which every pixel is ignored are left out.
    """

    caption = "a folder with images/ and masks/ (index, palette or colour PNGs), alone or in train/, val/, test/"

    def recognises(self, source: Any) -> bool:
        return folder_kind(source) == "mask folders"

    def is_asked_for(self, request: Request) -> bool:
        if (
            not (request.masks or request.outlined)
            or not is_path(request.source)
            or not Path(request.source).is_dir()
        ):
            return False
        pairs = pairs_in(Path(request.source), SPLIT_NAMES)
        return bool(pairs) and (request.masks or _outline_what_boxes_do_not(Path(request.source), pairs))

    def read(self, request: Request) -> Examples:
        root = Path(request.source)
        refuse_column_names(request, root)
        pairs = sorted(pairs_in(root, SPLIT_NAMES), key=lambda pair: SPLITS.index(pair.split) if pair.split else 0)
        _refuse_classes_for_objects(pairs, request)
        if request.needs_targets and (request.objects or holds_objects(pairs)):
            return examples_of_objects(root, pairs, request)
        return _examples(root, pairs, request)


def _outline_what_boxes_do_not(root: Path, pairs: list[Pair]) -> bool:
    """Whether boxes in the folder, if any, have no outlines, as those of Pascal VOC, and masks of objects have."""
    formats = box_formats(root)
    return formats[:1] in ([], ["Pascal VOC XML"]) and not any(map(holds_classes_alone, pairs))


def _refuse_classes_for_objects(pairs: list[Pair], request: Request) -> None:
    """Raise InputError where objects are asked for and a folder is named after classes."""
    alone = [pair.masks for pair in pairs if holds_classes_alone(pair)]
    if alone and request.needs_targets and request.objects:
        what = "its masks are of classes, and tell no objects apart"
        raise InputError(
            Problem(str(alone[0]), what, "add SegmentationObject/ beside it, or use --task segmentation")
        )


def _examples(root: Path, pairs: list[Pair], request: Request) -> Examples:
    found = [(pair, *pictures_of(pair)) for pair in pairs]
    rows = {path: pair for pair, pictures, _ in found for path in pictures}
    splits = GivenSplits(root, pairs, list(rows))
    paths, how, masks, silent = list(rows), "", dict[Path, Mask](), list[Path]()
    if request.needs_targets:
        masks, how = _targets(root, [(pair, own) for pair, own, _ in found], paths, splits)
        silent = [path for path, mask in masks.items() if not any(mask.pixels[:-1])]
        paths = [path for path, mask in masks.items() if any(mask.pixels[:-1])]
        _refuse_too_few_classes(root, [masks[path] for path in paths], request.fits)
    given = [splits.of(rows[path], path) for path in paths]
    return Examples(
        modality=MODALITY,
        references=[path.absolute() for path in paths],
        ids=[_id(root, path) for path in paths],
        targets=[masks[path] for path in paths] if request.needs_targets else None,
        splits=given if any(given) else None,
        source=f"{root} ({how or 'images'})",
        notes=(
            *_left_out(root, pairs, [path for _, _, others in found for path in others], request.needs_targets),
            *_of_volumes([mask.path for mask in masks.values()]),
            *left_out(decathlon.unlabelled(root), root, "without masks"),
            *left_out(silent, root, "every pixel of their masks is ignored"),
            *splits.notes(paths, [path for path in rows if request.needs_targets and path not in masks]),
        ),
    )


def _of_volumes(masks: Iterable[Path]) -> tuple[str, ...]:
    """That of volumes one slice counts, where any mask is one."""
    volumes = sum(ending(path) in NIFTI for path in masks)
    return (f"Of {volumes:,} volumes the middle slice is taken, with its mask.",) if volumes else ()


def _left_out(root: Path, pairs: list[Pair], others: list[Path], needs_targets: bool) -> tuple[str, ...]:
    """What is said of `others` among the pictures, and where nobody asked for masks, of masks among them."""
    others = [path for path in others if path.name not in NAMES]
    masks = [path for pair in pairs if pair.images == pair.masks and not needs_targets for path in masks_of(pair)]
    return (
        *left_out(others, root, "not of the kind of the other files"),
        *left_out(masks, root, "the masks of other files"),
    )


def _refuse_too_few_classes(root: Path, targets: list[Mask], fits: bool) -> None:
    if not targets:
        raise InputError(
            Problem(str(root), "in all masks every pixel is ignored", "nothing can be learned or judged")
        )
    names = {name for mask in targets for name, count in zip(mask.legend.names, mask.pixels, strict=False) if count}
    if fits and len(names) == 1:
        ignored = ", or 255, which is ignored" if any(mask.pixels[-1] for mask in targets) else ""
        what = f"in all masks every pixel is of one class, {names.pop()}{ignored}"
        raise InputError(
            Problem(str(root), what, "if more are meant, say in a class file which value is which class")
        )


Known = list[tuple[Pair, list[Path]]]
"""Each pair of folders with its pictures."""


def _targets(root: Path, known: Known, paths: list[Path], splits: GivenSplits) -> tuple[dict[Path, Mask], str]:
    """The mask of every picture but those that are left out for want of one, and how they are written.

    Raises
    ------
    InputError : with every picture without a mask, mask without a picture, and mask that cannot be used.
    """
    of_picture: dict[Path, Path] = {}
    problems = list(splits.problems)
    for pair, pictures in known:
        files = masks_of(pair)
        problems += called_alike(root, pair, pictures, files)
        problems += _match(root, pair, stems(pair.images, pictures), stems(pair.masks, files), of_picture, splits)
    masks = [of_picture[path] for path in paths if path in of_picture]
    seen = spread(_seen, masks)
    pixels = {m: each for m, each in zip(masks, seen, strict=True) if isinstance(each, Pixels)}
    problems += [Problem(_id(root, m), each) for m, each in zip(masks, seen, strict=True) if isinstance(each, str)]
    if not pixels:
        raise InputError(problems or Problem(str(root), "there is no picture with a mask"), f"{root}: {_UNUSABLE}")
    legend, how = legend_of(list(pixels.values()), classes_said(root, [pair for pair, _ in known], masks), str(root))
    readable = [(path, mask) for path in paths if (mask := of_picture.get(path)) in pixels]
    checked = spread(lambda both: _problems(root, *both, pixels[both[1]], legend), readable)
    problems += [problem for some in checked for problem in some]
    if problems:
        raise InputError(problems, f"{root}: {_UNUSABLE}")
    return {path: _mask(mask, pixels[mask], legend) for path, mask in readable}, how


_UNUSABLE = "its pictures and masks cannot be learned from as they are."


def _match(
    root: Path,
    pair: Pair,
    pictures: dict[str, Path],
    masks: dict[str, Path],
    found: dict[Path, Path],
    splits: GivenSplits,
) -> list[Problem]:
    """Put the masks of a pair of folders into `found`, by picture; returns what lacks a counterpart and needs one."""
    both = matched(pictures, masks)
    found |= {pictures[stem]: mask for stem, mask in both.items()}
    used = set(both.values())
    without = [path for stem, path in pictures.items() if stem not in both]
    alone = [(path, "this picture has no mask", pair.masks) for path in without if not splits.spare(path)]
    alone += [(path, "this mask has no picture", pair.images) for path in masks.values() if path not in used]
    return [
        Problem(_id(root, path), what, f"add one of that name to {other.name}/, or remove it")
        for path, what, other in alone
    ]


def _seen(path: Path) -> Pixels | str:
    """What the pixels of a mask are, or why it cannot be read."""
    try:
        codes, coloured, palette = codes_in(path)
    except ValueError as error:
        return str(error)
    values, counts = np.unique(codes, return_counts=True)
    counted = dict(zip(values.tolist(), counts.tolist(), strict=True))
    content = digest(str(codes.shape), np.ascontiguousarray(codes).tobytes())
    return Pixels((codes.shape[1], codes.shape[0]), counted, coloured, content, palette)


def _problems(root: Path, picture: Path, mask: Path, seen: Pixels, legend: Legend) -> list[Problem]:
    """What is wrong with a readable mask beside its picture."""
    if other := other_place(picture, mask, _id(root, mask)):
        return [other]
    problems = []
    size = picture_size(picture)  # of a picture that cannot be read it is said later
    if size is not None and size != seen.size:
        what = f"the mask has {seen.size[0]}×{seen.size[1]} pixels and its picture {size[0]}×{size[1]}"
        problems.append(Problem(_id(root, mask), what, "write it in the size of the picture"))
    unknown = {c: n for c, n in seen.counts_by(legend.coloured).items() if c not in (*legend.codes, *legend.ignored)}
    if unknown:
        first = next(iter(unknown))
        said = f"colour {first >> 16}, {first >> 8 & 255}, {first & 255}" if legend.coloured else f"value {first}"
        what = f"{sum(unknown.values())} pixels are of no class of the class file, e.g. the {said}"
        void = "" if legend.coloured else f" or a line `void,{first}` if nobody is to be judged by it,"
        problems.append(Problem(_id(root, mask), what, f"add the class,{void} or mend the mask"))
    return problems


def _mask(path: Path, seen: Pixels, legend: Legend) -> Mask:
    counts = seen.counts_by(legend.coloured)
    pixels = [counts.get(code, 0) for code in legend.codes]
    ignored = sum(counts.get(code, 0) for code in legend.ignored if code not in legend.codes)
    return Mask(path.absolute(), legend, seen.size, (*pixels, ignored), seen.content, codes_in)


def _id(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()
