"""Trusts an engine only after its first batch agreed with plain PyTorch's."""

from __future__ import annotations

import torch
from torch import nn

from headstart.core.progress import Progress
from headstart.frozen.engines.base import Engine, Tensors, agrees
from headstart.frozen.engines.eager import Eager


def prepared(engine: Engine, module: nn.Module, sample: Tensors, device: torch.device, progress: Progress) -> Engine:
    """`engine` made ready for `module`, or the plain one where `engine` is not available here or disagrees.

    Parameters
    ----------
    sample : a first batch, on which both are run.
    """
    plain = Eager()
    plain.prepare(module, sample, device)
    if isinstance(engine, Eager):
        return plain
    if not engine.available(device):
        progress.say(f"  {type(engine).__name__} is not available here: plain PyTorch runs the frozen part.")
        return plain
    reference = plain.run(sample)
    engine.prepare(module, sample, device)
    if agrees(reference, engine.run(sample)):
        return engine
    progress.say(f"  {type(engine).__name__} gave other activations than plain PyTorch, which is used instead.")
    plain.prepare(module, sample, device)
    return plain
