"""Outputs of a network or a head that are kept for the next fit on the same examples."""

from __future__ import annotations

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from headstart.core.kept import Kept


def outputs_before(kept: Kept, name: str) -> Tensor | None:
    """The outputs (N, C) kept as `name`, or None."""
    try:
        return load(kept.read(name) or b"")["outputs"]
    except (SafetensorError, KeyError):  # never kept, or torn by a power cut
        return None


def keep_outputs(kept: Kept, name: str, outputs: Tensor) -> None:
    """Keep `outputs` (N, C) where the disk takes them."""
    kept.keep(name, save({"outputs": outputs.contiguous()}))
