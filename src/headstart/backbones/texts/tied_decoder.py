"""A decoder with the weights of an encoder: it tells a text from left to right, by one vector that it attends to."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from headstart.backbones.base import Batch
from headstart.backbones.folders import transformers_networks as networks
from headstart.backbones.texts.language import LanguageBackbone

_CROSS = "crossattention"


class TiedDecoder(nn.Module):
    """The layers of an encoder with masks that hide what follows, and attention to one vector in each of them.

    Every parameter that the encoder has too is the encoder's own; those of the attention to the vector are new.

    Parameters
    ----------
    network : of the encoder, of transformers. decoder : the same architecture as a decoder.
    """

    def __init__(self, network: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.decoder = decoder
        for path, module in network.named_modules():
            for name, parameter in module.named_parameters(recurse=False):
                setattr(decoder.get_submodule(path), name, parameter)

    def forward(self, batch: Batch, vectors: Tensor) -> Tensor:
        """States (B, L, D) of passages: of what stands before a token, and of the row of `vectors` (B, D)."""
        ones = torch.ones((len(vectors), 1), device=vectors.device)
        told = self.decoder(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            encoder_hidden_states=vectors[:, None],
            encoder_attention_mask=ones,
        )
        states: Tensor = told.last_hidden_state
        return states


def can_decode(student: LanguageBackbone) -> bool:
    """Whether transformers can make a decoder of an architecture like that of `student`."""
    config = getattr(getattr(student, "network", None), "config", None)
    if config is None or not student.looks_ahead:
        return False
    with torch.device("meta"):
        return any(_CROSS in name for name, _ in _decoder(config).named_parameters())


def tied_decoder(student: LanguageBackbone) -> TiedDecoder:
    """The decoder of a `student` that :func:`can_decode`."""
    network: Any = student.network
    return TiedDecoder(network, _decoder(network.config))


def _decoder(config: Any) -> nn.Module:
    decoding = copy.deepcopy(config)
    decoding.is_decoder = decoding.add_cross_attention = True
    return networks.make_network(decoding)
