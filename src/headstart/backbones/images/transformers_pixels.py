"""How transformers brings pictures to pixels: ``preprocessor_config.json``, and what it means where it is silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from headstart.backbones.images.preprocess import ImagePreprocess
from headstart.core.files import read_json

_FILTERS = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}
_FILES = ("processor_config.json", "preprocessor_config.json")
_ROUNDING = 1e-6

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HALF = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
CLIP = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
"""Mean and deviation of each channel, of pixels in [0, 1]."""


def read_settings(folder: Path) -> dict[str, Any]:
    """What `folder` says of pictures; nothing where it is silent.

    As transformers has it: ``image_processor`` in ``processor_config.json``, where it now keeps all that a model of
    several kinds of inputs needs, before ``preprocessor_config.json``.

    Raises
    ------
    HeadstartError : a file is not JSON.
    """
    whole, own = (read_json(folder / name, {}) for name in _FILES)
    within = whole.get("image_processor")
    return within if isinstance(within, dict) else own


def preprocess_of(
    settings: Mapping[str, Any],
    size: int,
    statistics: tuple[Sequence[float], Sequence[float]] = HALF,
    resample: int = 3,
    squares: bool | None = None,
) -> ImagePreprocess:
    """Pixels as `settings` say: factor, mean, deviation, filter; where they do not, by `statistics` and `resample`.

    Parameters
    ----------
    size : of the square that the network takes.
    squares : whether the whole of a picture that is no square becomes one where `settings` do not say it; else its
        middle is taken. None for networks of any size, where the middle is taken whatever they say.
    """
    crop_pct, squash = (1.0, False) if squares is None else _resizing(settings, squares)
    mean, std = (settings.get(key) or own for key, own in zip(("image_mean", "image_std"), statistics, strict=True))
    if settings.get("do_normalize") is False:
        mean, std = (0.0,) * len(mean), (1.0,) * len(std)
    # From 0 … 255 to what is normalised: a factor, which transformers keeps as a decimal fraction of 1 / 255.
    factor = 255.0 * float(settings.get("rescale_factor") or 1 / 255) if settings.get("do_rescale", True) else 255.0
    whole = 1.0 if abs(factor - 1) < _ROUNDING else factor
    return ImagePreprocess(
        size=size,
        mean=tuple(value / whole for value in mean),
        std=tuple(value / whole for value in std),
        interpolation=_FILTERS.get(settings.get("resample", resample), "bicubic"),
        crop_pct=crop_pct,
        squash=squash,
    )


def crop_of(settings: Mapping[str, Any]) -> Any:
    """``crop_size`` where a crop is taken; else None."""
    return settings.get("crop_size") if settings.get("do_center_crop", True) else None


def side_of(given: Any) -> int:
    """The shorter side that ``size`` or ``crop_size`` names: as a number, two of them, or by names of sides."""
    sides = (given.get("height") or given["shortest_edge"]) if isinstance(given, Mapping) else given
    return int(sides[0] if isinstance(sides, list | tuple) else sides)


def _resizing(settings: Mapping[str, Any], squares: bool) -> tuple[float, bool]:
    """The share of the resized side that is kept, and whether both sides are brought to one length."""
    given, crop = settings.get("size"), crop_of(settings)
    squash = "height" in given if isinstance(given, Mapping) else squares
    return min(1.0, side_of(crop) / side_of(given)) if crop and given else 1.0, squash
