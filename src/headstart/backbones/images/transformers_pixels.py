"""How transformers brings pictures to pixels: ``preprocessor_config.json``, and what it means where it is silent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from headstart.backbones.images.preprocess import ImagePreprocess
from headstart.core.errors import HeadstartError

_FILTERS = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}
_FILE = "preprocessor_config.json"
_ROUNDING = 1e-6

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HALF = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
"""Mean and deviation of each channel, of pixels in [0, 1]."""


def read_settings(folder: Path) -> dict[str, Any]:
    """What ``preprocessor_config.json`` in `folder` says; nothing where there is none.

    Raises
    ------
    HeadstartError : it is not JSON.
    """
    file = folder / _FILE
    if not file.is_file():
        return {}
    try:
        settings: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise HeadstartError(f"{file}: is not JSON ({error}).") from error
    return settings


def preprocess_of(
    settings: Mapping[str, Any],
    size: int,
    statistics: tuple[Sequence[float], Sequence[float]] = HALF,
    resample: int = 3,
) -> ImagePreprocess:
    """Pixels as `settings` say: factor, mean, deviation, filter; where they do not, by `statistics` and `resample`.

    Where a picture is no square, its middle is taken, of `size` pixels.
    """
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
        crop_pct=1.0,
    )
