"""One layer of LSTM over the tokens of a text."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor

# On a GPU: weights are put side by side anew for every batch, which takes next to no time and needs nobody to act.
warnings.filterwarnings("ignore", "RNN module weights are not part of single contiguous", UserWarning)


def lstm_states(inside: Tensor, weights: Sequence[Tensor]) -> Tensor:
    """Activations (N, L, D) → states (N, L, H), from a state of noughts on.

    Nothing is dropped here, so it is the same in training and in evaluation. But cuDNN goes back only through what
    ran as in training, and gradients may be asked of a layer that is frozen, or explained, in evaluation: so what
    tells is whether they may be.

    Parameters
    ----------
    weights : W_ih (4 H, D), W_hh (4 H, H), b_ih (4 H), b_hh (4 H), gates in PyTorch's order.
    """
    nought = inside.new_zeros((1, len(inside), weights[1].shape[1]))
    states: Tensor = torch.lstm(
        inside, (nought, nought), list(weights), True, 1, 0.0, torch.is_grad_enabled(), False, True
    )[0]
    return states
