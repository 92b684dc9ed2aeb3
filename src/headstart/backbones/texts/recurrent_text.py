"""A recurrent language model as a backbone: of a text the last state, and of all states the largest and the mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from headstart.backbones.base import Batch, Card
from headstart.backbones.texts.awd_lstm import AwdLstm, Sizes
from headstart.backbones.texts.language import LanguageBackbone
from headstart.backbones.texts.preprocess import TextPreprocess
from headstart.backbones.texts.recurrent import INPUTS, RecurrentBackbone, mean
from headstart.backbones.texts.word_pieces import word_pieces
from headstart.core.errors import UsageError, nearest
from headstart.core.settings import with_settings

PARTS = 3
"""Last, largest and mean stand side by side."""

LONGEST = 256
"""Tokens of a text, at most."""


class Architectures:
    """The sizes of recurrent networks, by the name of the architecture."""

    known: ClassVar[dict[str, type[Sizes]]] = {"awd_lstm": Sizes}

    def load(self, name: str) -> type[Sizes]:
        """The class of sizes of the architecture called `name`.

        Raises
        ------
        UsageError : there is none.
        """
        if name not in self.known:
            raise UsageError(
                f"There is no recurrent architecture {name!r}.{nearest(name, self.known)} "
                f"Available: {', '.join(self.known)}."
            )
        return self.known[name]


def begun(asked: str, texts: Iterable[str]) -> RecurrentText:
    """The architecture `asked` for, ``name:size=value``, with random weights and a tokenizer learnt from `texts`.

    Raises
    ------
    UsageError : there is no such architecture, or not of such a size.
    """
    sizes: Sizes = with_settings(Architectures(), asked, "--architecture")
    sizes.check()
    name = asked.partition(":")[0]
    tokenizer = word_pieces(texts, sizes.vocabulary)
    card = Card(f"recurrent/{name}", "text", licence="your own", pretraining="none: random weights")
    return made_anew(name, sizes.to_json(), tokenizer, card)


def made_anew(
    name: str, sizes: Mapping[str, Any], tokenizer: Any, card: Card, longest: int = LONGEST
) -> RecurrentText:
    """The architecture called `name` of these sizes, with random weights."""
    known = Architectures().load(name)(**sizes)
    preprocess = TextPreprocess(tokenizer, longest, INPUTS)
    description = {"source": "recurrent", "recurrent": name, "sizes": known.to_json(), "longest": longest}
    return RecurrentText(AwdLstm(known, len(tokenizer)), card, preprocess, description)


class RecurrentText(RecurrentBackbone, LanguageBackbone):
    """Features are [h_L, max_t h_t, mean_t h_t] (concat pooling, Howard & Ruder 2018, arXiv:1801.06146), (N, 3 E).

    Parameters
    ----------
    description : what the source needs to make the network again, as JSON.
    """

    network: AwdLstm
    looks_ahead = False

    def __init__(
        self, network: AwdLstm, card: Card, preprocess: TextPreprocess, description: Mapping[str, Any]
    ) -> None:
        super().__init__(network, card, preprocess, description, PARTS * network.embedding.embedding_dim)

    @property
    def drops(self) -> bool:
        return self.network.drops

    def states(self, batch: Batch) -> Tensor:
        found: Tensor = self.network(batch["input_ids"])
        return found

    def pool(self, states: Tensor, mask: Tensor) -> Tensor:
        last = states[torch.arange(states.shape[0], device=states.device), mask.sum(1).clamp(min=1) - 1]
        largest = states.masked_fill(mask.unsqueeze(-1) == 0, torch.finfo(states.dtype).min).max(dim=1).values
        return torch.cat([last, largest, mean(states, mask)], dim=1)

    def depth_features(self, batch: Batch) -> dict[str, Tensor]:
        hidden, found = self.network.embedding(batch["input_ids"]), {}
        for place, layer in enumerate(self.network.layers):
            hidden = layer(hidden)
            found[f"layers.{place}"] = mean(hidden, batch["attention_mask"])
        return {**found, f"layers.{len(found) - 1}": self.pool(hidden, batch["attention_mask"])}

    def token_vectors(self) -> Tensor:
        return self.network.embedding.weight

    def folder_files(self, sentences: bool) -> Mapping[str, Any]:
        return {}
