"""Pixels of any kind – grey, 16-bit, alpha, palette, CMYK, arrays – made into a picture of RGB, or of one channel."""

from __future__ import annotations

import numpy as np
import PIL.Image

_SIXTEEN_BIT_STEP = 257  # 65535 / 255: white stays white and black stays black
_CHANNELS = (1, 3, 4)
_GREY = ("L", "1")


def to_picture(image: PIL.Image.Image) -> PIL.Image.Image:
    """A loaded PIL image of any mode as RGB, or grey: ``L`` of 8 bits, ``F`` (floats from 0 to 255) of more.

    What is transparent lies on white.
    """
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I") or image.mode == "F":
        return PIL.Image.fromarray(_deep_grey(np.asarray(image)))
    if image.has_transparency_data:
        return _on_white(image.convert("RGBA"))
    return image.convert("L" if image.mode in _GREY else "RGB")


def eight_bit_rgb(picture: PIL.Image.Image) -> PIL.Image.Image:
    """What :func:`to_picture` gives as 8-bit RGB, for whoever shows it; floats are rounded."""
    if picture.mode == "F":
        picture = PIL.Image.fromarray(np.rint(np.asarray(picture)).clip(0, 255).astype(np.uint8))
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def array_to_picture(array: np.ndarray) -> PIL.Image.Image:
    """An array (H, W) or (H, W, C), C in 1, 3, 4, as :func:`to_picture` gives it.

    Raises
    ------
    ValueError : another shape or type, or floats outside [0, 1].
    """
    if mistake := array_mistake(array):
        raise ValueError(mistake)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim == 2 and array.dtype.kind in "uf" and array.dtype != np.uint8:
        return PIL.Image.fromarray(_deep_grey(array))
    return to_picture(PIL.Image.fromarray(np.ascontiguousarray(_eight_bit(array))))


def array_mistake(array: np.ndarray) -> str | None:
    """Why an array is no picture, as a sentence, or None."""
    shape = "×".join(str(side) for side in array.shape)
    if array.ndim == 3 and array.shape[0] in _CHANNELS and array.shape[2] not in _CHANNELS:
        return f"the array ({shape}) has its channels first; hand over array.transpose(1, 2, 0)"
    if not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in _CHANNELS)):
        return f"an array of shape ({shape}) is no picture; allowed are height × width and height × width × 1, 3 or 4"
    if array.size == 0:
        return f"the array ({shape}) is empty"
    if array.dtype.kind == "f":
        low, high = float(np.min(array)), float(np.max(array))
        if not (low >= 0 and high <= 1):
            return f"floats must lie in [0, 1], these reach from {low:g} to {high:g}; divide 8-bit values by 255"
    elif array.dtype not in (np.uint8, np.uint16, np.bool_):
        return f"pixels of type {array.dtype} are not known; allowed are uint8, uint16 and floats in [0, 1]"
    return None


def _eight_bit(array: np.ndarray) -> np.ndarray:
    """uint8 of the same shape from uint8, uint16, bool or floats in [0, 1]."""
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.uint16:
        return _from_sixteen_bit(array)
    return np.rint(array.astype(np.float32) * 255).astype(np.uint8)


def _from_sixteen_bit(array: np.ndarray) -> np.ndarray:
    return ((array.astype(np.uint32) + _SIXTEEN_BIT_STEP // 2) // _SIXTEEN_BIT_STEP).astype(np.uint8)


def _deep_grey(values: np.ndarray) -> np.ndarray:
    """(H, W) of more than 8 bits → float32 from 0 to 255, of full depth.

    16-bit values keep their scale, and floats in [0, 1]; others are stretched to their range.
    """
    if not np.isfinite(values).all():
        raise ValueError("the image holds values that are not numbers (NaN or infinite)")
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > (1 if values.dtype.kind == "f" else 65535):
        return ((values.astype(np.float64) - low) * (255 / max(high - low, 1e-12))).astype(np.float32)
    scale = 255 if values.dtype.kind == "f" else 1 / _SIXTEEN_BIT_STEP
    return (values.astype(np.float64) * scale).astype(np.float32)


def _on_white(image: PIL.Image.Image) -> PIL.Image.Image:
    """An RGBA image laid on white."""
    white = PIL.Image.new("RGBA", image.size, (255, 255, 255, 255))
    return PIL.Image.alpha_composite(white, image).convert("RGB")
