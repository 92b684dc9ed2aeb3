"""Named tensors as safetensors wants them: on the CPU, contiguous, and sharing no memory."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor


def owned(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A copy of `tensors` that can be saved, and that later training does not change."""
    return {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
