"""Single precision where it is claimed, and where less would cost more than it spares; and where bfloat16 pays."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

MULTIPLY_BFLOAT16 = ("amx_bf16", "avx512_bf16", "bf16", "sve_bf16")
"""Instructions of x86 and ARM processors, by PyTorch's names."""


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


def multiplies_bfloat16() -> bool:
    """Whether the processor has instructions for it; without them it is slower than single precision."""
    import torch

    able = torch.cpu.get_capabilities()
    return any(able.get(name) for name in MULTIPLY_BFLOAT16)


def as_single(tensor: Tensor) -> Tensor:
    """Floats in single precision and in order, whole numbers as they are."""
    return tensor.float().contiguous() if tensor.is_floating_point() else tensor
