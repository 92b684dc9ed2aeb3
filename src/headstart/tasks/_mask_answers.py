"""What is kept of the outputs of a segmentation: each place's class, and how sure it is, in two bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import PIL.Image
import torch
from torch import Tensor
from torch.nn import functional

from headstart.core.masks import IGNORED, Colour
from headstart.tasks._temperature import fit_temperature

PER_OCTAVE = 16.0
MIDDLE = 128
"""Sureness lies there as a logit: p = sigmoid((byte - MIDDLE) / PER_OCTAVE), so that sure and very sure differ."""

AT_ONCE = 2**27
"""Bytes of outputs that are brought to the size of the frame together; a few times as many are at work then."""

CALIBRATED_ON = 200_000
"""Pixels that tell how sure answers may be."""


def answers(outputs: Tensor, size: tuple[int, int]) -> Tensor:
    """(N, 2, H, W) uint8, the class and how sure it is, of outputs (N, C, h, w); `size` is (H, W)."""
    found = []
    for part in outputs.split(max(1, AT_ONCE // (4 * outputs.shape[1] * size[0] * size[1]))):
        whole = functional.interpolate(part.float(), size=size, mode="bilinear", align_corners=False)
        best, classes = whole.max(dim=1)
        others = torch.logsumexp(whole.scatter(1, classes[:, None], -torch.inf), dim=1)
        found.append(torch.stack([classes.to(torch.uint8), as_bytes(best - others)], dim=1))
    return torch.cat(found) if found else torch.zeros((0, 2, *size), dtype=torch.uint8)


def as_bytes(logits: Tensor) -> Tensor:
    """How sure, as it is kept."""
    return (logits * PER_OCTAVE + MIDDLE).round().clamp(0, 255).to(torch.uint8)


def logits_of(sureness: Tensor) -> Tensor:
    """The inverse of :func:`as_bytes`, as far as the bytes tell."""
    return (sureness.float() - MIDDLE) / PER_OCTAVE


def temperature_of(outputs: Tensor, encoded: Tensor) -> float:
    """By which the log odds of kept `outputs` are to be divided; 1 where nobody is judged."""
    known = encoded != IGNORED
    logits, right = logits_of(outputs[:, 1][known]), (outputs[:, 0] == encoded)[known].float()
    step = max(1, len(right) // CALIBRATED_ON)
    logits, right = logits[::step], right[::step]

    def loss(temperature: float, doubt: float) -> float:
        wanted = right * (1 - doubt) + (1 - right) * doubt
        return float(functional.binary_cross_entropy_with_logits(logits / temperature, wanted))

    return fit_temperature(loss, len(encoded)) if len(right) else 1.0


def picture(classes: np.ndarray, codes: Sequence[int], colours: Sequence[Colour], size: tuple[int, int]) -> bytes:
    """A palette PNG of `size` (width, height) from (H, W) classes, each written as its code in its colour."""
    table = np.full(256, IGNORED, dtype=np.uint8)
    table[: len(codes)] = codes
    palette = np.zeros((256, 3), dtype=np.uint8)
    palette[IGNORED] = (255, 255, 255)
    palette[list(codes)] = colours
    image = PIL.Image.fromarray(table[classes]).resize(size, PIL.Image.Resampling.NEAREST)
    image.putpalette(palette.tobytes())
    content = io.BytesIO()
    image.save(content, "PNG", optimize=True)
    return content.getvalue()
