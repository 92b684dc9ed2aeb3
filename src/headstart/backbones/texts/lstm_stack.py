"""Layers of LSTM, in one direction or both, over the tokens of a text."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from headstart.backbones.folders.lstm_names import Sizes
from headstart.backbones.texts.lstm_pass import lstm_states


class LstmStack(nn.Module):
    """Token ids (N, L) and their mask (N, L), padding on the right → states (N, L, D)."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.embedding = nn.Embedding(sizes.known, sizes.embedding)
        layer = KeepingLayer if sizes.keeps else Layer
        widths = zip(sizes.inputs(), sizes.hidden, strict=False)
        self.layers = nn.ModuleList(layer(width, hidden, sizes.both_ways) for width, hidden in widths)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """States (N, L, D)."""
        hidden = self.embedding(input_ids)
        for layer in self.layers:
            hidden = layer(hidden, attention_mask)
        return hidden


class OneWay(nn.LSTM):
    """One layer in one direction: activations (N, L, D) → states (N, L, H)."""

    def forward(self, inside: Tensor) -> Tensor:  # type: ignore[override]
        return lstm_states(inside, self.all_weights[0])


class Layer(nn.Module):
    """Activations (N, L, D') → states (N, L, H), or (N, L, 2 H) in both directions. It reads the last D of D'."""

    def __init__(self, width: int, hidden: int, both_ways: bool) -> None:
        super().__init__()
        self.width = width
        self.ahead = OneWay(width, hidden, batch_first=True)
        self.back = OneWay(width, hidden, batch_first=True) if both_ways else None

    def forward(self, hidden_states: Tensor, attention_mask: Tensor) -> Tensor:
        inside = hidden_states[..., -self.width :]
        states: Tensor = self.ahead(inside)
        if self.back is None:
            return states
        places = backward(attention_mask)
        returned = along(self.back(along(inside, places)), places)
        return torch.cat([states, returned], dim=-1)


class KeepingLayer(Layer):
    """Hands on what it was given beside its own states: (N, L, D') → (N, L, D' + H)."""

    def forward(self, hidden_states: Tensor, attention_mask: Tensor) -> Tensor:
        return torch.cat([hidden_states, super().forward(hidden_states, attention_mask)], dim=-1)


def backward(mask: Tensor) -> Tensor:
    """Places (N, L) that turn the tokens of each text round and leave padding on the right; done twice, nothing."""
    length = mask.shape[1]
    steps = torch.arange(length, device=mask.device)
    return (mask.sum(dim=1, keepdim=True) - 1 - steps) % length


def along(hidden: Tensor, places: Tensor) -> Tensor:
    """`hidden` (N, L, D) in the order of `places` (N, L)."""
    return hidden.gather(1, places.unsqueeze(-1).expand(-1, -1, hidden.shape[2]))
