"""Turns one picture into normalised pixels: plain for judging, or a seeded augmented view for training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageEnhance

from headstart.backbones.base import Batch, Preprocess
from headstart.backbones.images.channels import folded_statistics
from headstart.core.files import digest
from headstart.core.placement import WHOLE, Placement
from headstart.core.slices import SliceStack

_FILTERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "nearest": Image.Resampling.NEAREST,
    "lanczos": Image.Resampling.LANCZOS,
}
_CROP_SCALE = (0.35, 1.0)
_CROP_RATIO = (3 / 4, 4 / 3)
_JITTER = 0.2
_GREY = ("L", "F")
_COLOURS = 3
_FRAMED_SCALE = (0.5, 1.0)


class ImagePreprocess(Preprocess):
    """A raw PIL image, or a stack of slices → ``{"pixels": (C, size, size) float32}``.

    RGB, or grey: ``L``, or ``F`` (floats from 0 to 255), which keeps its full depth. One channel stays one until the
    last step, where a network of colours gets it three times: a third of the work, the same pixels.

    View 0 follows timm's evaluation transform: the shorter side, or both, to ``floor(size / crop_pct)``, centre crop,
    normalise. Views ≥ 1: random resized crop (area 0.35–1, ratio 3/4–4/3), horizontal flip, and brightness,
    contrast and saturation within 20 %. Pixels of 8 bits stay uint8 until the last step.

    Parameters
    ----------
    size : side of the square the network takes, in pixels.
    mean, std : per channel, of pixels in [0, 1].
    interpolation : ``bilinear``, ``bicubic``, ``nearest`` or ``lanczos``.
    crop_pct : share of the shorter side that the centre crop keeps.
    frame : (width, height) that the whole picture is brought to instead, for targets with a place. Views show a box
        of its proportions then (area 0.5–1), mirrored or not, which :meth:`placement` tells.
    stack : how many slices of a volume are the channels, for a network whose first layer is folded to them; None for
        pictures.
    squash : whether both sides are brought to one length before the crop, so that what is cut off is a rim.
    """

    views = 64

    crop_scale: tuple[float, float] = _CROP_SCALE
    """Least and largest share of the picture's area that an augmented view shows."""

    jitter: float = _JITTER
    """By how much brightness, contrast and saturation of an augmented view may differ."""

    def __init__(
        self,
        size: int,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        interpolation: str = "bilinear",
        crop_pct: float = 0.875,
        frame: tuple[int, int] | None = None,
        stack: int | None = None,
        squash: bool = False,
    ) -> None:
        self.size, self.mean, self.std, self.frame = size, mean, std, frame
        self.interpolation, self.crop_pct, self.stack, self.squash = interpolation, crop_pct, stack, squash
        # 224 / (224 / 232) must stay 232 in spite of rounding errors
        self.size_hint = min(frame) if frame else math.floor(size / crop_pct + 1e-6)
        self._filter = _FILTERS.get(interpolation, Image.Resampling.BICUBIC)
        mean, std = folded_statistics(mean, std, stack) if stack else (mean, std)
        self._scale = np.array([1 / (255 * s) for s in std], np.float32).reshape(-1, 1, 1)
        self._shift = np.array([-m / s for m, s in zip(mean, std, strict=True)], np.float32).reshape(-1, 1, 1)

    @property
    def channels(self) -> int:
        """C: 3, or 1 for a network of grey pictures, or those of a stack of slices."""
        return self.stack or len(self.mean)

    def __call__(self, raw: Image.Image | SliceStack, view: int = 0, key: str = "") -> Batch:
        if not 0 <= view < self.views:
            raise ValueError(f"view {view} does not exist: views run from 0 to {self.views - 1}")
        image = self._taken(raw)
        width, height = self.frame or (self.size, self.size)
        image = self._augmented(image, view, key) if view else self._plain(image)
        values = np.array(image)
        if values.dtype == np.float32:  # a bicubic filter overshoots, which 8 bits cut off
            values.clip(0, 255, out=values)
        # Written straight to where they stay: fresh memory, and channels last, cost more than the arithmetic. NumPy,
        # for PyTorch would start a team of threads, as many as there are processors, in each thread that decodes.
        planes = np.empty((self.channels, height, width), np.float32)
        planes[...] = values.reshape(height, width, -1).transpose(2, 0, 1)
        planes *= self._scale
        planes += self._shift
        return {"pixels": torch.from_numpy(planes)}

    def _taken(self, raw: Image.Image | SliceStack) -> Any:
        """`raw`, as one channel, as colours, or with the slices that are asked for; of other stacks the middle."""
        if isinstance(raw, SliceStack):
            return raw if len(raw) == self.channels else self._taken(raw.middle)
        if raw.mode in _GREY or (raw.mode == "RGB" and self.channels == _COLOURS and not self.stack):
            return raw
        return raw.convert("RGB" if self.channels == _COLOURS and not self.stack else "L")

    def framed(self, frame: tuple[int, int]) -> ImagePreprocess:
        """The same for whole pictures of `frame` (width, height)."""
        own = (self.size, self.mean, self.std, self.interpolation, self.crop_pct)
        return ImagePreprocess(*own, frame, self.stack)

    def stacked(self, slices: int) -> ImagePreprocess:
        """The same for stacks of so many slices."""
        own = (self.size, self.mean, self.std, self.interpolation, self.crop_pct)
        return ImagePreprocess(*own, self.frame, slices, self.squash)

    def placement(self, view: int, key: str = "") -> Placement:
        if not view or self.frame is None:
            return WHOLE
        random = np.random.default_rng(int(digest(key, str(view), "placement"), 16))
        side = math.sqrt(random.uniform(*_FRAMED_SCALE))
        left, top = random.uniform(0, 1 - side), random.uniform(0, 1 - side)
        return Placement(left, top, side, bool(random.random() < 0.5))

    def _plain(self, image: Any) -> Any:
        if self.frame:
            return image if image.size == self.frame else image.resize(self.frame, self._filter)
        short, (width, height) = int(self.size_hint or self.size), image.size
        if self.squash:
            resized = (short, short)
        elif width <= height:
            resized = (short, max(short, int(short * height / width)))
        else:
            resized = (max(short, int(short * width / height)), short)
        if resized != image.size:
            image = image.resize(resized, self._filter)
        left, top = (round((side - self.size) / 2) for side in resized)
        return image.crop((left, top, left + self.size, top + self.size))

    def _augmented(self, image: Any, view: int, key: str) -> Any:
        random = np.random.default_rng(int(digest(key, str(view)), 16))
        width, height = image.size
        if self.frame:
            placement = self.placement(view, key)
            left, top, right, bottom = placement.edges
            box, mirrored = (left * width, top * height, right * width, bottom * height), placement.mirrored
        else:
            box = _random_box(image.size, random, self.crop_scale)
            mirrored = random.random() < 0.5
        image = image.resize(self.frame or (self.size, self.size), self._filter, box=box)
        if mirrored:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        for enhancer in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
            factor = random.uniform(1 - self.jitter, 1 + self.jitter)
            change = partial(_enhanced, enhancer=enhancer, factor=factor)
            image = image.each(change) if isinstance(image, SliceStack) else change(image)
        return image

    def describe(self) -> dict[str, Any]:
        framed = {"frame": list(self.frame), "framed_scale": list(_FRAMED_SCALE)} if self.frame else {}
        stacked = {"stack": self.stack} if self.stack else {}
        squashed = {"squash": True} if self.squash else {}
        return {
            "size": self.size,
            "mean": list(self.mean),
            "std": list(self.std),
            "interpolation": self.interpolation,
            "crop_pct": self.crop_pct,
            "grey": "one channel of full depth",
            "augmentation": {"scale": list(self.crop_scale), "ratio": list(_CROP_RATIO), "jitter": self.jitter},
            **framed,
            **stacked,
            **squashed,
        }

    @classmethod
    def from_description(cls, plain: Mapping[str, Any]) -> ImagePreprocess:
        """The inverse of :meth:`describe`, but for a stack, to which a backbone is folded afterwards."""
        return cls(
            size=int(plain["size"]),
            mean=tuple(plain["mean"]),
            std=tuple(plain["std"]),
            interpolation=plain["interpolation"],
            crop_pct=float(plain["crop_pct"]),
            frame=tuple(plain["frame"]) if plain.get("frame") else None,
            squash=bool(plain.get("squash")),
        )

    @classmethod
    def from_pretrained_cfg(cls, cfg: Mapping[str, Any]) -> ImagePreprocess:
        """From timm's keys: ``input_size`` (C, H, W), ``mean``, ``std``, ``interpolation``, ``crop_pct`` and mode.

        Missing keys mean ImageNet's statistics at 224 pixels, as in timm. The input is taken as a square.
        """
        channels, height, _ = cfg.get("input_size") or (3, 224, 224)
        mean = tuple(cfg.get("mean") or (0.485, 0.456, 0.406))
        std = tuple(cfg.get("std") or (0.229, 0.224, 0.225))
        if channels == 1 and len(mean) == 3:  # a network of grey pictures with statistics of coloured ones
            mean, std = (sum(mean) / 3,), (sum(std) / 3,)
        interpolation, crop_pct = cfg.get("interpolation") or "bicubic", float(cfg.get("crop_pct") or 0.875)
        return cls(int(height), mean, std, interpolation, crop_pct, squash=cfg.get("crop_mode") == "squash")


def _enhanced(image: Image.Image, enhancer: type[Any], factor: float) -> Image.Image:
    """Brighter, of more contrast, or of more colour where there is any."""
    if image.mode == "F":
        return _enhanced_floats(image, enhancer, factor)
    enhanced: Image.Image = image
    if image.mode == "RGB" or enhancer is not ImageEnhance.Color:
        enhanced = enhancer(image).enhance(factor)
    return enhanced


def _enhanced_floats(image: Image.Image, enhancer: type[Any], factor: float) -> Image.Image:
    """As Pillow's enhancers, which take 8 bits, on floats from 0 to 255; one channel has no saturation."""
    if enhancer is ImageEnhance.Color:
        return image
    values = np.asarray(image)
    about = float(values.mean()) if enhancer is ImageEnhance.Contrast else 0.0
    return Image.fromarray(np.clip(about + factor * (values - about), 0, 255))


def _random_box(
    size: tuple[int, int], random: np.random.Generator, scale: tuple[float, float]
) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of a random crop whose share of the area lies in `scale`; the largest centred one when
    ten draws did not fit."""
    width, height = size
    for _ in range(10):
        area = width * height * random.uniform(*scale)
        ratio = math.exp(random.uniform(math.log(_CROP_RATIO[0]), math.log(_CROP_RATIO[1])))
        w, h = math.sqrt(area * ratio), math.sqrt(area / ratio)
        if w <= width and h <= height:
            left, top = random.uniform(0, width - w), random.uniform(0, height - h)
            return left, top, left + w, top + h
    w, h = min(width, height * _CROP_RATIO[1]), min(height, width / _CROP_RATIO[0])
    return (width - w) / 2, (height - h) / 2, (width + w) / 2, (height + h) / 2
