"""Single precision where an engine says that it has it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def single_precision() -> Iterator[None]:
    """No TensorFloat-32 within convolutions, for the block.

    PyTorch takes it for them on newer NVIDIA GPUs unless told otherwise. It keeps 11 bits of what is multiplied: a
    small MobileNetV2 was 5e-4 from single precision on an H200, five times as far as an engine may be.
    """
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before
