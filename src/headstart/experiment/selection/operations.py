"""How many operations a network takes for one example: how fast it is, told without a clock."""

from __future__ import annotations

from math import prod
from typing import Any

import torch

from headstart.backbones.base import Backbone, Batch

RECURRENT = ("lstm", "gru", "rnn_tanh", "rnn_relu")
"""Of PyTorch's operators, what runs whole recurrent layers; it counts nothing where a library runs them."""


def operations_of(backbone: Backbone, example: Batch) -> int:
    """Multiplications and additions of a forward pass, as PyTorch counts them, and those of recurrent layers."""
    from torch.utils.flop_counter import FlopCounterMode  # imports Triton, a tenth of a second

    counted = {getattr(torch.ops.aten, name): recurrent_operations for name in RECURRENT}
    with torch.inference_mode(), FlopCounterMode(display=False, custom_mapping=counted) as counter:
        backbone.features(example)
    return int(counter.get_total_flops())


def recurrent_operations(inputs: Any, *arguments: Any, **_: Any) -> int:
    """Two for each weight and token: of an LSTM from D to H 2 · 4 · H · (D + H), of a GRU 2 · 3 · H · (D + H).

    Parameters
    ----------
    inputs : the shape (N, T, D), (T, N, D) or, of packed sequences, (tokens, D).
    arguments : the others, tensors by their shapes. Of those in lists, states are (layers, N, H), biases (G·H,), and
        weights alone (G·H, D) or (G·H, H): a pair for each layer and direction.
    """
    lists = [each for each in arguments if isinstance(each, list | tuple) and not isinstance(each, torch.Size)]
    weights = sum(prod(shape) for shapes in lists for shape in shapes if len(shape) == 2)
    return 2 * prod(inputs[:-1]) * weights
