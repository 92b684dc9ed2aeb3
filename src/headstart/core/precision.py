"""Single precision where it is claimed, and where rounding would cost more than it spares."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def single_precision() -> Iterator[None]:
    """No TensorFloat-32 within convolutions, for the block or the function.

    PyTorch takes it for them on newer NVIDIA GPUs unless told otherwise. It keeps 11 bits of what is multiplied: a
    small MobileNetV2 was 5e-4 from single precision on an H200, five times as far as an engine may be. And cuDNN
    takes several times as long to plan such convolutions, of which a few runs gain nothing.
    """
    import torch

    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before
