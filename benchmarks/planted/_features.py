"""Features of pictures by a frozen backbone, a few at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

BACKBONE = "torchvision_mobilenet_v2"
_BATCH = 16


class Features:
    """The pooled features of the backbone in the folder `backbones`; nothing of it is trained."""

    def __init__(self, backbones: Path, name: str = BACKBONE) -> None:
        from headstart.backbones import load

        self._backbone: Any = load(str((backbones / name).resolve())).eval().requires_grad_(False)

    def __call__(self, pictures: Sequence[PIL.Image.Image]) -> np.ndarray:
        """(N, D) float32."""
        import torch

        from headstart.backbones.base import collate

        found = []
        for start in range(0, len(pictures), _BATCH):
            tensors = [self._backbone.preprocess(picture) for picture in pictures[start : start + _BATCH]]
            with torch.inference_mode():
                found.append(self._backbone.features(collate(tensors)).numpy())
        return np.concatenate(found)
