"""AWD-LSTM: layers of long short-term memory with dropped weights, between which whole channels are dropped."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from headstart.backbones.texts.lstm_pass import lstm_states
from headstart.core.errors import UsageError

EMBEDDING_DROP, INPUT_DROP, WEIGHT_DROP, HIDDEN_DROP, OUTPUT_DROP = 0.02, 0.25, 0.2, 0.15, 0.1
"""What fastai drops of a language model (``awd_lstm_lm_config``): of words, of their vectors, of the weights from
state to state, between layers, and after the last."""

INITIAL, REMEMBERED = 0.5, 1.0
"""Token vectors begin with this deviation, and the gates that keep a state with this bias (Jozefowicz et al. 2015).
From small vectors and small states a language model stays long at the frequencies of tokens: on 8,000 sentences its
loss after 200 steps was 6.6 with the paper's initial values, which are for plain gradient descent, and 6.0 with
these."""


@dataclass(frozen=True)
class Sizes:
    """Of an AWD-LSTM. ``embedding`` is the width E of token vectors and of the last states, ``hidden`` that of states
    between the layers, ``vocabulary`` how many tokens there are at most, and ``dropout`` a factor on all of it."""

    embedding: int = 200
    hidden: int = 400
    layers: int = 3
    vocabulary: int = 8000
    dropout: float = 1.0

    def check(self) -> None:
        """Raise where a size cannot be.

        Raises
        ------
        UsageError : one cannot.
        """
        least = {"embedding": 2, "hidden": 2, "layers": 1, "vocabulary": 300}
        wrong = [f"{name} must be at least {low}" for name, low in least.items() if getattr(self, name) < low]
        if not 0 <= self.dropout < 1 / max(INPUT_DROP, WEIGHT_DROP):
            wrong.append(f"dropout must lie between 0 and {1 / INPUT_DROP:g}, a factor on what is dropped")
        if wrong:
            raise UsageError(f"awd_lstm: {'; '.join(wrong)}.")

    def to_json(self) -> dict[str, Any]:
        """A plain object."""
        return asdict(self)


class AwdLstm(nn.Module):
    """Token ids (N, L) → states (N, L, E) (Merity et al. 2018, arXiv:1708.02182).

    Parameters
    ----------
    known : how many tokens there are.
    """

    def __init__(self, sizes: Sizes, known: int) -> None:
        super().__init__()
        self.embedding = DroppedEmbedding(known, sizes.embedding, EMBEDDING_DROP * sizes.dropout)
        widths = [sizes.embedding, *[sizes.hidden] * (sizes.layers - 1), sizes.embedding]
        drops = [INPUT_DROP, *[HIDDEN_DROP] * (sizes.layers - 1)]
        ends = [*[0.0] * (sizes.layers - 1), OUTPUT_DROP]
        self.layers = nn.ModuleList(
            DroppedLstm(width, out, sizes.dropout * before, sizes.dropout * WEIGHT_DROP, sizes.dropout * after)
            for width, out, before, after in zip(widths, widths[1:], drops, ends, strict=False)
        )

    @property
    def drops(self) -> bool:
        """Whether it drops anything in training: words, weights or channels."""
        parts: list[Any] = [self.embedding, *self.layers]
        return any(share > 0 for part in parts for share in part.shares)

    def forward(self, input_ids: Tensor) -> Tensor:
        """States (N, L, E); each tells of the tokens up to its own."""
        hidden = self.embedding(input_ids)
        for layer in self.layers:
            hidden = layer(hidden)
        return hidden


class DroppedEmbedding(nn.Embedding):
    """Drops words: all that a batch holds of one (Gal & Ghahramani 2016, arXiv:1512.05287)."""

    def __init__(self, known: int, width: int, drop: float) -> None:
        super().__init__(known, width)
        self.drop = drop
        nn.init.normal_(self.weight, std=INITIAL)

    @property
    def shares(self) -> tuple[float, ...]:
        """All that are dropped."""
        return (self.drop,)

    def forward(self, input: Tensor) -> Tensor:
        if not self.training or not self.drop:
            return super().forward(input)
        kept = _kept((len(self.weight), 1), self.drop, self.weight)
        return functional.embedding(input, self.weight * kept)


class DroppedLstm(nn.Module):
    """One layer, activations (N, L, D) → (N, L, D').

    Weights from state to state are dropped for a whole batch (DropConnect, Wan et al. 2013), and channels of what
    goes in and comes out for a whole text (variational dropout, Gal & Ghahramani 2016). Nothing here is a module of
    its own, so that a frozen layer drops nothing and a trained one all.

    Parameters
    ----------
    width, out : D, D'. before, weights, after : the shares that are dropped.
    """

    def __init__(self, width: int, out: int, before: float, weights: float, after: float) -> None:
        super().__init__()
        self.before, self.weights, self.after, self.out = before, weights, after, out
        self.weight_ih = nn.Parameter(torch.empty(4 * out, width))
        self.weight_hh = nn.Parameter(torch.empty(4 * out, out))
        self.bias_ih, self.bias_hh = nn.Parameter(torch.empty(4 * out)), nn.Parameter(torch.empty(4 * out))
        for bias in (self.bias_ih, self.bias_hh):
            nn.init.zeros_(bias)
        with torch.no_grad():
            self.bias_ih[out : 2 * out] = REMEMBERED
            for gate in (*self.weight_ih.split(out), *self.weight_hh.split(out)):
                nn.init.orthogonal_(gate)

    @property
    def shares(self) -> tuple[float, ...]:
        """All that are dropped."""
        return self.before, self.weights, self.after

    def forward(self, hidden_states: Tensor) -> Tensor:
        inside = self._locked(hidden_states, self.before)
        recurrent: Tensor = self.weight_hh
        if self.training and self.weights:
            recurrent = functional.dropout(recurrent, self.weights)
        states = lstm_states(inside, [self.weight_ih, recurrent, self.bias_ih, self.bias_hh])
        return self._locked(states, self.after)

    def _locked(self, hidden: Tensor, drop: float) -> Tensor:
        """`hidden` (N, L, D) with the same channels dropped at all places of a text."""
        if not self.training or not drop:
            return hidden
        return hidden * _kept((len(hidden), 1, hidden.shape[2]), drop, hidden)


def _kept(shape: tuple[int, ...], drop: float, like: Tensor) -> Tensor:
    """Nought for a share `drop`, and for the others what makes up for it, on the device of `like`."""
    return (torch.rand(shape) >= drop).to(like) / (1 - drop)
