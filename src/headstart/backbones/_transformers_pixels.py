"""How transformers brings pictures to pixels: ``preprocessor_config.json``, and what it means where it is silent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from headstart.backbones._image_preprocess import ImagePreprocess
from headstart.core.errors import HeadstartError

_FILTERS = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}
_FILE = "preprocessor_config.json"

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
    """Pixels as `settings` say: mean, deviation, filter; where they do not, by `statistics` and `resample`.

    Where a picture is no square, its middle is taken, of `size` pixels.
    """
    mean, std = statistics
    return ImagePreprocess(
        size=size,
        mean=tuple(settings.get("image_mean") or mean),
        std=tuple(settings.get("image_std") or std),
        interpolation=_FILTERS.get(settings.get("resample", resample), "bicubic"),
        crop_pct=1.0,
    )
