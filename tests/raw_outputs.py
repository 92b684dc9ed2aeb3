"""What networks compute before it is made an answer: of those that have learnt little all may answer nothing."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from headstart.backbones.base import collate
from headstart.delivery.artifact import Model


def assert_computes_alike(fitted: Model, loaded: Model, picture: Path) -> None:
    """The network of a model that was loaded is the one that was fitted, down to rounding."""
    torch.testing.assert_close(_outputs(loaded, picture), _outputs(fitted, picture), rtol=1e-4, atol=1e-5)


def _outputs(model: Model, picture: Path) -> Tensor:
    """(1, C) for the one picture."""
    network = model.network.eval()
    with Image.open(picture) as opened, torch.inference_mode():
        return network(collate([network.backbone.preprocess(opened.convert("RGB"))]))
