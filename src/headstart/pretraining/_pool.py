"""Pictures where the network is: decoded once, as squares of 8 bits, so that crops are cut by the device itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from headstart.core.threads import spread
from headstart.data.modalities.base import Modality
from headstart.frozen.inputs import Inputs

AT_ONCE = 512
"""Pictures decoded between two copies to the device."""


@dataclass(frozen=True)
class Pool:
    """N pictures, whose own proportions are told beside them.

    Attributes
    ----------
    pixels : (N, 3, S, S) uint8, whole pictures brought to a square. proportions : (N,) width / height as they were.
    """

    pixels: Tensor
    proportions: Tensor

    def __len__(self) -> int:
        return len(self.pixels)


def pool_of(inputs: Inputs, rows: np.ndarray, side: int, device: torch.device) -> Pool:
    """The pictures at `rows`, decoded on all processors and kept on `device` with `side` pixels a side.

    Raises
    ------
    ValueError : one cannot be decoded, with a person's sentence.
    """
    pixels = torch.empty((len(rows), 3, side, side), dtype=torch.uint8, device=device)
    proportions = torch.empty(len(rows), device=device)

    def squared(row: int) -> tuple[np.ndarray, float]:
        return _squared(inputs.modality, inputs.examples.references[row], side)

    for start in range(0, len(rows), AT_ONCE):
        made = spread(squared, rows[start : start + AT_ONCE].tolist(), alone=True)
        stack = torch.from_numpy(np.stack([values for values, _ in made]))
        pixels[start : start + len(made)] = stack.to(device).permute(0, 3, 1, 2)
        proportions[start : start + len(made)] = torch.tensor([shape for _, shape in made], device=device)
    return Pool(pixels, proportions)


def _squared(modality: Modality, reference: object, side: int) -> tuple[np.ndarray, float]:
    """(S, S, 3) uint8 and width / height."""
    picture = modality.decode(reference, side)
    width, height = picture.size
    square = picture.convert("RGB").resize((side, side), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(square), width / height
