"""What makes a language model of a text backbone: states of tokens → which token it is, or which is next."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional

from headstart.backbones.folders.folder import WEIGHTS
from headstart.backbones.folders.weights import read_weights
from headstart.backbones.texts.language import LanguageBackbone
from headstart.core.files import write_whole

FILE = "language_head.safetensors"
"""Where a folder written here keeps its head, apart from the backbone's weights."""

DENSE, NORM, BIAS, OWN = "dense", "norm", "bias", "table"

_MASKED = (
    ("cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions.bias"),
    ("lm_head.dense", "lm_head.layer_norm", "lm_head.bias"),
    ("vocab_transform", "vocab_layer_norm", "vocab_projector.bias"),
    ("lm_predictions.lm_head.dense", "lm_predictions.lm_head.LayerNorm", "lm_predictions.lm_head.bias"),
)
"""Names of dense layer, normalisation and bias in files of BERT, RoBERTa, DistilBERT and DeBERTa."""

_NEXT = "lm_head.weight"
"""The table of a decoder's file, where it is not the one that tokens enter by."""


class LanguageHead(nn.Module):
    """Scores of V tokens: E (norm(gelu(W s + c))) + b for masked ones, E s + b for the next one.

    E (V, E) are the backbone's own token vectors (tied: Press & Wolf 2017, arXiv:1608.05859), or a table that the
    backbone was pretrained with.

    Parameters
    ----------
    width : D of the states. table : (V, E) as :meth:`LanguageBackbone.token_vectors`, for its shape.
    transforms : whether there are W, c and the normalisation.
    """

    def __init__(self, width: int, table: Tensor, transforms: bool, own: bool = False) -> None:
        super().__init__()
        known, size = table.shape
        self.dense = nn.Linear(width, size) if transforms or width != size else None
        self.norm = nn.LayerNorm(size, eps=1e-12) if transforms else None
        self.bias = nn.Parameter(table.new_zeros(known))
        self.table = nn.Parameter(table.detach().clone()) if own else None
        if self.dense is not None:
            nn.init.normal_(self.dense.weight, std=0.02)
            nn.init.zeros_(self.dense.bias)

    def forward(self, states: Tensor, vectors: Tensor) -> Tensor:
        """States (n, D) and the backbone's token vectors (V, E) → scores (n, V)."""
        if self.dense is not None:
            states = self.dense(states)
        if self.norm is not None:
            states = self.norm(functional.gelu(states))
        return functional.linear(states, vectors if self.table is None else self.table, self.bias)


def language_head(student: LanguageBackbone) -> LanguageHead:
    """The head that lies beside the backbone's weights, else a new one on its own token vectors."""
    vectors, width = student.token_vectors(), student.states(one_token(student)).shape[-1]
    given = _given(Path(student.card.path), student.looks_ahead) if student.card.path else {}
    head = LanguageHead(width, vectors, student.looks_ahead, own=OWN in given)
    own = head.state_dict()
    if all(name in own and own[name].shape == tensor.shape for name, tensor in given.items()):
        head.load_state_dict(given, strict=False)
    return head


def write_head(head: LanguageHead, folder: Path) -> None:
    """Write `head` beside a backbone's weights, where :func:`language_head` finds it.

    Raises
    ------
    HeadstartError : the disk is full or not writable.
    """
    state = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in head.state_dict().items()}
    write_whole(folder / FILE, save(state))


def one_token(student: LanguageBackbone) -> dict[str, Tensor]:
    """The shortest batch there is, to learn the shapes of what comes out."""
    text = student.preprocess("a")
    return {name: tensor[None].to(student.token_vectors().device) for name, tensor in text.items()}


def _given(folder: Path, looks_ahead: bool) -> dict[str, Tensor]:
    """The head's weights by its own names, from the files of `folder`; empty where there are none."""
    if (folder / FILE).is_file():
        return read_weights(folder / FILE)
    if not (folder / WEIGHTS).is_file():
        return {}
    with safe_open(folder / WEIGHTS, framework="pt") as file:
        names = set(file.keys())
        wanted = _masked_names(names) if looks_ahead else {OWN: _NEXT} if _NEXT in names else {}
        return {own: file.get_tensor(name).to(torch.float32) for own, name in wanted.items()}


def _masked_names(names: set[str]) -> dict[str, str]:
    for dense, norm, bias in _MASKED:
        parts = {DENSE: dense, NORM: norm}
        found = {f"{own}.{kind}": f"{name}.{kind}" for own, name in parts.items() for kind in ("weight", "bias")}
        if {*found.values(), bias} <= names:
            return {**found, BIAS: bias}
    return {}
